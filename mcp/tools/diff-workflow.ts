import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { clip, count } from '../../core/text.ts';
import type { Difference } from '../../workflows/manage/compare/differences.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { definitionVersion, jsonObject } from '../shared/fields.ts';
import { findVersions, findWorkflow } from '../shared/find-workflow.ts';
import { callOf, quoteIfUnusual } from '../shared/quote.ts';

const LINES = 60;
const VALUE_LIMIT = 120;

export default defineTool({
  name: 'diff_workflow',
  title: 'Compare workflow definitions',
  description:
    'Shows what changed: the differences between two versions of a workflow, or between the registered one and a draft or the one in code (what was added, removed, altered), and whether it may replace the other while executions run.',
  toolset: 'author',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(255).describe('Name of the workflow'),
    from: definitionVersion.optional().describe('Old version; default: the version before the new one'),
    to: definitionVersion.optional().describe('New version; default: the highest'),
    definition: jsonObject.optional().describe('Instead of to: a draft in Conductor JSON'),
    code: z.boolean().default(false).describe('Instead of to: the definition in code'),
  }),
  output: z.object({
    from: z.string(),
    to: z.string(),
    changes: z.array(z.string()),
    total: z.int(),
    safe: z.boolean(),
    breaks: z.array(z.string()),
    running: z.int(),
  }),
}).handler(async (args, context) => {
  const { name } = args;
  const [old, next] = await sidesOf(args, context);
  const { compareWorkflows } = await import('../../workflows/manage/compare/compare-workflows.ts');
  const { differences: found, breaks } = compareWorkflows(old.def, next.def);
  const broken = breaks.map(line);
  const running = (await context.conductor.runningExecutions(name, old.version)).length;
  const changes = found.slice(0, LINES).map(lineOf);
  const lines = [
    `${quoteIfUnusual(name)}: ${old.label} → ${next.label}: ${found.length === 0 ? 'no difference.' : `${count(found.length, 'difference')}.`}`,
    ...changes,
  ];
  if (found.length > changes.length) lines.push(`… and ${found.length - changes.length} more.`);
  lines.push(verdict(found.length, broken, running, old.label));
  return {
    text: lines.join('\n'),
    structured: {
      from: old.label,
      to: next.label,
      changes,
      total: found.length,
      safe: broken.length === 0,
      breaks: broken,
      running,
    },
  };
});

interface Side {
  readonly label: string;
  readonly version: number;
  readonly def: Record<string, unknown>;
}

interface Wanted {
  name: string;
  from?: number | undefined;
  to?: number | undefined;
  definition?: Record<string, unknown> | undefined;
  code: boolean;
}

async function sidesOf(wanted: Wanted, context: ToolContext): Promise<[old: Side, next: Side]> {
  const { name, from, to, definition, code } = wanted;
  if ([to !== undefined, definition !== undefined, code].filter(Boolean).length > 1) {
    const remedy = `Give only one of them, or none: ${callOf('diff_workflow', { name })}`;
    throw new FleetError(
      'input',
      'The call has more than one of to, definition and code. Each of them names the new definition.',
      {
        remedy,
      },
    );
  }
  const versions = await findVersions(name, context.definitions);
  const highest = versions.at(-1) ?? 1;
  if (definition !== undefined || code) {
    const old = await stored(name, from ?? highest, context);
    if (!code) return [old, { label: 'the given definition', version: old.version, def: definition ?? {} }];
    return [old, await inCode(name, context)];
  }
  const next = await stored(name, to ?? highest, context);
  const before = from ?? versions.findLast((one) => one < next.version);
  if (before === undefined) {
    throw new FleetError('input', `${quoteIfUnusual(name)} has no version before ${next.version} to compare with.`, {
      remedy: `Give a definition to compare it with, or compare it with the code: ${callOf('diff_workflow', { name, code: true })}`,
    });
  }
  return [await stored(name, before, context), next];
}

async function stored(name: string, version: number, { definitions }: ToolContext): Promise<Side> {
  return { label: `version ${version}`, version, def: await findWorkflow({ name, version }, definitions) };
}

async function inCode(name: string, { ours }: ToolContext): Promise<Side> {
  const all = await ours();
  const def = all.find((one) => one.name === name);
  if (def) return { label: 'the definition in code', version: def.version, def };
  throw new FleetError('not-found', `The code that this MCP server loads has no workflow ${quoteIfUnusual(name)}.`, {
    remedy: `Compare versions instead: ${callOf('diff_workflow', { name })}`,
  });
}

/** `~ tasks.charge.retryCount: 3 → 5` for a change, `+` for an addition, `-` for a removal. */
function lineOf({ path, before, after }: Difference): string {
  if (before === undefined) return line(`+ ${path}: ${shown(after)}`);
  if (after === undefined) return line(`- ${path}: ${shown(before)}`);
  return line(`~ ${path}: ${shown(before)} → ${shown(after)}`);
}

function shown(value: unknown): string {
  const json = JSON.stringify(value) ?? 'nothing';
  return json.length <= VALUE_LIMIT ? json : `${clip(json, VALUE_LIMIT)}…`;
}

/** Keeps a difference on one line, because names from a definition can hold line breaks. */
function line(text: string): string {
  return clip(text.replaceAll(/\s+/g, ' '), 3 * VALUE_LIMIT);
}

function verdict(found: number, broken: readonly string[], running: number, old: string): string {
  const runs = running === 1 ? '1 execution' : `${running} executions`;
  if (found === 0) return 'Nothing to change.';
  if (broken.length === 0) return `Safe to replace ${old} (running: ${runs}, each with its own copy).`;
  return `Not safe to replace ${old} (running: ${runs}): ${broken.join('; ')}. Register it as a new version instead.`;
}
