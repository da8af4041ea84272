import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { nearest } from '../../core/nearest.ts';
import type { ListedTool, ToolLists } from '../admission/same-tool.ts';
import type { Tool } from './define-tool.ts';

/** The groups in which tools are switched on, in the order in which tools are listed. */
export const toolsets = [
  'workflows',
  'executions',
  'operate',
  'author',
  'approvals',
  'queues',
  'schedules',
  'agents',
  'api',
] as const;
/** A group of tools that is switched on or off together. */
export type Toolset = (typeof toolsets)[number];

/** Which tools are wanted: names of toolsets, `default` or `all`, and names of single tools in addition. */
export interface Choice {
  readonly toolsets: readonly string[];
  readonly tools: readonly string[];
  /** The wider choice that limits this choice. */
  readonly within?: Choice;
}

/** There are fewer tools than this. Further names in a header are ignored. */
const MOST_NAMES = 50;

const HEADERS = { toolsets: 'x-mcp-toolsets', tools: 'x-mcp-tools' } as const;

/**
 * The choice of one request: the tools that its headers name and the settings of the server allow. Unknown names are ignored,
 * because clients show no errors about headers to their users.
 */
export function choiceFrom(config: Pick<Config, 'mcpToolsets' | 'mcpTools'>, headers: Headers | undefined): Choice {
  const set: Choice = { toolsets: config.mcpToolsets, tools: config.mcpTools };
  const asked = { toolsets: listIn(headers, HEADERS.toolsets), tools: listIn(headers, HEADERS.tools) };
  if (asked.toolsets.length === 0 && asked.tools.length === 0) return set;
  const isOpen = set.toolsets.length === 0 && set.tools.length === 0;
  return isOpen ? asked : { ...asked, within: set };
}

function listIn(headers: Headers | undefined, name: string): string[] {
  const names = (headers?.get(name) ?? '').split(',').map((part) => part.trim());
  return names
    .filter((part) => /^[a-z_]{1,64}$/.test(part))
    .slice(0, MOST_NAMES)
    .sort();
}

/** @throws FleetError `config` if a setting names a toolset or a tool that does not exist */
export function checkChoice({ mcpToolsets, mcpTools, mcpToolsDeny }: ToolLists, tools: readonly Tool[]): void {
  for (const name of mcpToolsets) mustBeOneOf('toolset', name, ['default', 'all', ...toolsets]);
  const known = tools.map(({ name }) => name);
  for (const name of [...mcpTools, ...mcpToolsDeny]) mustBeOneOf('tool', name, known);
}

/** The chosen tools, in the order of their toolsets. Without a choice, the tools that are on by default. */
export function chosenTools<T extends ListedTool>(
  { toolsets: wanted, tools: names, within }: Choice,
  tools: readonly T[],
): T[] {
  const open = within ? chosenTools(within, tools) : tools;
  const on = wanted.length === 0 && names.length === 0 ? ['default'] : wanted;
  const isOn = ({ name, toolset, byDefault }: T) =>
    on.includes('all') ||
    on.includes(toolset) ||
    (on.includes('default') && byDefault === true) ||
    names.includes(name);
  return open.filter(isOn).sort((a, b) => toolsets.indexOf(a.toolset) - toolsets.indexOf(b.toolset));
}

function mustBeOneOf(what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  throw new FleetError('config', `There is no ${what} called ${JSON.stringify(name.slice(0, 100))}.`, {
    remedy: near ? `Did you mean ${near}?` : `The ${what}s are ${known.join(', ')}.`,
  });
}
