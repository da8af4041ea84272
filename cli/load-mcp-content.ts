import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../core/config.ts';
import { discover } from '../core/content/discover.ts';
import { FleetError } from '../core/errors.ts';
import { isTool, type Tool } from '../mcp/engine/define-tool.ts';
import { checkChoice } from '../mcp/engine/toolsets.ts';
import { isPrompt, type Prompt } from '../mcp/reading/define-prompt.ts';
import { isResource, type Resource } from '../mcp/reading/define-resource.ts';

type McpDir = Partial<Pick<Config, 'mcpDir'>>;

/** All built-in tools, and those of the user's own folder. @throws FleetError `config` if the configuration names an unknown tool or toolset */
export async function loadTools(config: McpDir & Pick<Config, 'mcpToolsets' | 'mcpTools'>): Promise<Tool[]> {
  const { mcpToolsets, mcpTools } = config;
  const own = await ownContent(config, 'tools', isTool, 'tool (defineTool(…).handler(…))');
  const builtIn = await discover(new URL('../mcp/tools/', import.meta.url), isTool, 'tool');
  // Whoever writes a tool wants it to be offered.
  const tools = together(
    builtIn,
    own.map((tool) => ({ byDefault: true, ...tool })),
    'tool',
  );
  checkChoice({ toolsets: mcpToolsets, tools: mcpTools }, tools);
  return tools;
}

/** All built-in resources, and those of the user's own folder. */
export async function loadResources(config: McpDir = {}): Promise<Resource[]> {
  const own = await ownContent(config, 'resources', isResource, 'resource (defineResource(…).reader(…))');
  return together(
    await discover(new URL('../mcp/resources/', import.meta.url), isResource, 'resource'),
    own,
    'resource',
  );
}

/** All built-in prompts, and those of the user's own folder. */
export async function loadPrompts(config: McpDir = {}): Promise<Prompt[]> {
  const own = await ownContent(config, 'prompts', isPrompt, 'prompt (definePrompt(…).messages(…))');
  return together(await discover(new URL('../mcp/prompts/', import.meta.url), isPrompt, 'prompt'), own, 'prompt');
}

/** What a folder of the user holds, such as `tools/`. The folder may be missing. */
async function ownContent<T extends { readonly name: string }>(
  { mcpDir }: McpDir,
  part: string,
  is: (value: unknown) => value is T,
  what: string,
): Promise<T[]> {
  if (mcpDir === undefined) return [];
  const folder = resolve(mcpDir, part);
  return existsSync(folder) ? discover(pathToFileURL(`${folder}/`), is, what) : [];
}

/** @throws FleetError `config` if the user's own content has the name of something built in */
function together<T extends { readonly name: string }>(builtIn: readonly T[], own: readonly T[], what: string): T[] {
  const taken = own.find(({ name }) => builtIn.some((other) => other.name === name));
  if (taken === undefined) return [...builtIn, ...own];
  throw new FleetError('config', `There is a built-in ${what} with the name "${taken.name}".`, {
    remedy: `Give your ${what} another name.`,
  });
}
