import type { z } from 'zod';
import { nearest } from '../../../core/nearest.ts';
import { callOf } from '../../shared/quote.ts';
import type { Tool } from '../define-tool.ts';
import { parsePlainly } from './plain-arguments.ts';

type Json = Record<string, unknown>;
type Issue = z.core.$ZodIssue;

/** So many unknown parameters are compared with the known ones. */
const MOST_RENAMED = 20;
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
    const finder = own(FINDERS, String(path[0]));
    if (finder) return finder(args);
  }
  return undefined;
}

/** The value under a name that a client gave. Every object also has names such as `constructor`, which are not meant. */
function own<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

function fixedCall(tool: Tool, args: Readonly<Json>, issues: readonly Issue[]): string | undefined {
  const fixed = structuredClone(args) as Json; // arguments arrived as JSON
  for (const issue of issues) fix(fixed, issue, tool);
  if (tool.annotations.readOnlyHint) restoreDefaults(fixed, tool);
  const { success, given } = parsePlainly(tool.input, fixed);
  if (!success) return undefined;
  const call = callOf(tool.name, given);
  return call.length <= LONGEST_CALL ? call : undefined;
}

/** Fixes one mistake in `args`. A guessed name may be wrong, so a call that destroys something gets no guess. */
function fix(args: Json, issue: Issue, { input, annotations }: Tool): void {
  const mayGuess = !annotations.destructiveHint;
  const [key, ...deeper] = issue.path;
  if (issue.code === 'unrecognized_keys' && key === undefined) {
    if (mayGuess) for (const name of issue.keys.slice(0, MOST_RENAMED)) rename(args, name, Object.keys(input.shape));
    return;
  }
  if (typeof key !== 'string' || deeper.length > 1) return;
  const [index] = deeper;
  const list = args[key];
  const [holder, at] = index === undefined ? [args, key] : [list as Json, index];
  if (typeof holder !== 'object' || holder === null || typeof at === 'symbol') return;
  const value = holder[at];
  if (issue.code === 'too_big' && typeof value === 'number') holder[at] = Number(issue.maximum);
  else if (issue.code === 'too_small' && typeof value === 'number') holder[at] = Number(issue.minimum);
  else if (issue.code === 'invalid_value' && typeof value === 'string' && mayGuess) {
    holder[at] = nearest(value, issue.values.map(String)) ?? value;
  }
}

/**
 * Drops wrong values of parameters that have a default, such as `detail` or `page`. A filter has no default and is never dropped, because
 * the call would then find more than the caller asked for.
 */
function restoreDefaults(args: Json, { input }: Tool): void {
  for (const { path } of input.safeParse(args).error?.issues ?? []) {
    const [key] = path;
    if (typeof key !== 'string' || Object.hasOwn(FINDERS, key)) continue;
    if (input.shape[key]?.safeParse(undefined).data !== undefined) delete args[key];
  }
}

/** What callers often write for a parameter. In Conductor's API, the id of an execution is `workflowId`. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  workflowid: ['executionId', 'executionIds'],
  id: ['executionId', 'executionIds', 'taskId'],
  ids: ['executionIds'],
  workflow: ['workflowName', 'name'],
  workflowtype: ['workflowName', 'name'],
  name: ['workflowName', 'taskType'],
  task: ['taskRef', 'taskType'],
  taskname: ['taskType', 'taskRef'],
  referencename: ['taskRef'],
  state: ['status'],
  query: ['search', 'text'],
  since: ['startedAfter'],
  after: ['startedAfter'],
  before: ['startedBefore'],
  pagesize: ['limit'],
  size: ['limit'],
  count: ['limit'],
  timeout: ['waitSeconds'],
  wait: ['waitSeconds'],
};

/** Moves the value of an unknown parameter to the parameter that is meant. If none is, the value stays and the call is not repeated. */
function rename(args: Json, name: string, known: readonly string[]): void {
  const others = own(OTHER_NAMES, name.toLowerCase().replace(/[^a-z]/g, '')) ?? [];
  const meant = others.find((other) => known.includes(other)) ?? nearest(name, known);
  if (meant === undefined || args[meant] !== undefined) return;
  args[meant] = args[name];
  delete args[name];
}
