import { discover } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { isTool, type Tool } from '../engine/define-tool.ts';
import { isPrompt, type Prompt } from '../reading/define-prompt.ts';
import { isResource, type Resource } from '../reading/define-resource.ts';

/**
 * The built-in tools and those of a project or host. Its own tools are offered by default.
 * @throws FleetError `config` if one of its own is not a tool, or has the name of another
 */
export async function toolsWith(own: readonly Tool[] = []): Promise<Tool[]> {
  mustBe(isTool, own, 'tools', 'defineTool({ … }).handler(…)');
  const offered = own.map((tool) => ({ byDefault: true, ...tool }));
  return together('tool', await discover(new URL('../tools/', import.meta.url), isTool, 'tool'), offered);
}

/** The built-in resources and those of a project or host. @throws FleetError `config` as `toolsWith` does */
export async function resourcesWith(own: readonly Resource[] = []): Promise<Resource[]> {
  mustBe(isResource, own, 'resources', 'defineResource({ … }).reader(…)');
  const builtIn = await discover(new URL('../resources/', import.meta.url), isResource, 'resource');
  return together('resource', builtIn, own);
}

/** The built-in prompts and those of a project or host. @throws FleetError `config` as `toolsWith` does */
export async function promptsWith(own: readonly Prompt[] = []): Promise<Prompt[]> {
  mustBe(isPrompt, own, 'prompts', 'definePrompt({ … }).messages(…)');
  return together('prompt', await discover(new URL('../prompts/', import.meta.url), isPrompt, 'prompt'), own);
}

function mustBe(is: (value: unknown) => boolean, own: readonly unknown[], list: string, how: string): void {
  const wrong = own.findIndex((value) => !is(value));
  if (wrong === -1) return;
  throw new FleetError('config', `${list}[${wrong}] is not one of the ${list}.`, {
    remedy: `Pass what ${how} returns.`,
  });
}

function together<T extends { readonly name: string }>(what: string, builtIn: readonly T[], own: readonly T[]): T[] {
  const names = new Set(builtIn.map(({ name }) => name));
  for (const { name } of own) {
    if (names.has(name)) {
      const other = builtIn.some((one) => one.name === name) ? `There is a built-in ${what}` : `Two ${what}s are there`;
      throw new FleetError('config', `${other} with the name "${name}".`, {
        remedy: `Give your ${what} another name.`,
      });
    }
    names.add(name);
  }
  return [...builtIn, ...own];
}
