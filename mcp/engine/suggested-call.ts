import type { z } from 'zod';
import { nearest } from '../../core/nearest.ts';
import { callOf } from '../shared/quote.ts';
import type { Tool } from './define-tool.ts';

type Json = Record<string, unknown>;
type Issue = z.core.$ZodIssue;

/** A longer call is not repeated to the client that has just made it. */
const LONGEST_CALL = 600;

/**
 * The suggested call after refused arguments: the same call with its mistakes fixed. If they cannot be fixed, a call that finds the
 * right value. Undefined if neither exists.
 */
export function suggestedCall(tool: Tool, args: Readonly<Json>, issues: readonly Issue[]): string | undefined {
  return fixedCall(tool, args, issues) ?? findingCall(issues, args);
}

/** For each parameter, the call that finds a value for it. */
const FINDERS: Readonly<Record<string, (args: Readonly<Json>) => string>> = {
  executionId: () => callOf('list_workflow_executions', { limit: 5 }),
  executionIds: () => callOf('list_workflow_executions', { limit: 5 }),
  workflowName: () => callOf('list_workflows', {}),
  name: () => callOf('list_workflows', {}),
  taskRef: ({ executionId }) =>
    typeof executionId === 'string' && /^[\w-]{1,100}$/.test(executionId)
      ? callOf('get_execution_status', { executionId, detail: 'tasks' })
      : callOf('list_workflow_executions', { limit: 5 }),
};

function findingCall(issues: readonly Issue[], args: Readonly<Json>): string | undefined {
  for (const { path } of issues) {
    const finder = FINDERS[String(path[0])];
    if (finder) return finder(args);
  }
  return undefined;
}

function fixedCall(tool: Tool, args: Readonly<Json>, issues: readonly Issue[]): string | undefined {
  const fixed = structuredClone(args) as Json; // arguments arrived as JSON
  for (const issue of issues) fix(fixed, issue, tool);
  if (tool.annotations.readOnlyHint) dropWrongOptions(fixed, tool);
  if (!tool.input.safeParse(fixed).success) return undefined;
  const call = callOf(tool.name, fixed);
  return call.length <= LONGEST_CALL ? call : undefined;
}

/**
 * Fixes one mistake in `args`. A guessed name may be wrong, so a call that destroys something gets no guess. An unknown parameter is
 * dropped only from a call that reads: without a misspelt `dryRun`, any other call would act for real.
 */
function fix(args: Json, issue: Issue, { input, annotations }: Tool): void {
  const mayGuess = !annotations.destructiveHint;
  const [key, ...deeper] = issue.path;
  if (issue.code === 'unrecognized_keys' && key === undefined) {
    const mayDrop = annotations.readOnlyHint;
    if (mayGuess) for (const name of issue.keys) moveOrDrop(args, name, { known: Object.keys(input.shape), mayDrop });
    return;
  }
  if (typeof key !== 'string' || deeper.length > 0) return;
  const value = args[key];
  if (issue.code === 'invalid_type') args[key] = converted(value, issue.expected);
  else if (issue.code === 'too_big' && typeof value === 'number') args[key] = Number(issue.maximum);
  else if (issue.code === 'too_small' && typeof value === 'number') args[key] = Number(issue.minimum);
  else if (issue.code === 'invalid_value' && typeof value === 'string' && mayGuess) {
    args[key] = meant(value, issue.values.map(String)) ?? value;
  }
}

/** Drops wrong values of optional parameters. This is done only for a tool that reads, because the tool's defaults then do no harm. */
function dropWrongOptions(args: Json, { input }: Tool): void {
  for (const { path } of input.safeParse(args).error?.issues ?? []) {
    const [key] = path;
    if (typeof key !== 'string' || key in FINDERS) continue;
    if (input.shape[key]?.safeParse(undefined).success) delete args[key];
  }
}

function moveOrDrop(
  args: Json,
  name: string,
  { known, mayDrop }: { known: readonly string[]; mayDrop: boolean },
): void {
  const near = nearest(name, known);
  const moves = near !== undefined && args[near] === undefined;
  if (moves) args[near] = args[name];
  if (moves || mayDrop) delete args[name];
}

function converted(value: unknown, expected: string): unknown {
  if (expected === 'string' && typeof value === 'number') return String(value);
  if (expected === 'array') return [value];
  if (typeof value !== 'string') return value;
  if (!['number', 'int', 'boolean', 'object', 'record'].includes(expected)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

function meant(value: string, values: readonly string[]): string | undefined {
  return values.find((one) => one.toLowerCase() === value.toLowerCase()) ?? nearest(value, values);
}
