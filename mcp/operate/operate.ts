import type { z } from 'zod';
import type { ExecutionSummary } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { clip, count, instant } from '../../core/text.ts';
import { innermostReason } from '../analysis/failure-reason.ts';
import type { ToolAnswer, ToolContext } from '../engine/define-tool.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { applyAction, type ExecutionAction, isBroken, type Outcome } from './apply-action.ts';
import {
  confirmText,
  type Filter,
  type FoundExecutions,
  findByFilter,
  isNewerThan,
  type operateOutput,
  readConfirm,
  statusesFor,
} from './execution-filter.ts';

/** Rows of a preview: enough to see whether the filter finds the intended executions. */
const SHOWN_FOUND = 5;
/** Bytes of one outcome, as text and in structured form. */
const ROW_BYTES = 500;
const MOST_ROWS = 100;
const NOTE_LIMIT = 200;
const REASON_LIMIT = 120;

type Answer = ToolAnswer<z.input<typeof operateOutput>>;

/** The executions of a call: by ids or by a filter. */
export interface Selection {
  readonly executionIds?: readonly string[] | undefined;
  readonly filter?: Filter | undefined;
  readonly confirm?: string | undefined;
}

/** Asks a person before many executions are changed. @throws FleetError `cancelled` if the person declines */
export type AskFirst = (what: string, key: string) => Promise<unknown>;

/**
 * Applies an action to the executions with the given ids, or to all that a filter finds. A filter takes two calls: preview, then
 * confirm.
 * @throws FleetError if the action failed for every execution
 */
export async function operate(
  action: ExecutionAction,
  selection: Selection,
  context: ToolContext,
  askFirst?: AskFirst,
): Promise<Answer> {
  const { executionIds, filter } = selection;
  if ((executionIds === undefined) === (filter === undefined)) throw idsOrFilterError(action);
  if (filter) return operateByFilter(action, { ...selection, filter }, context, askFirst);
  const ids = [...new Set(executionIds)];
  if (ids.length > 1) await askFirst?.(count(ids.length, 'execution'), ids.join());
  return answerFor(action, await applyAction(action, ids, context), context);
}

async function operateByFilter(
  action: ExecutionAction,
  { filter, confirm }: Selection & { filter: Filter },
  context: ToolContext,
  askFirst: AskFirst | undefined,
): Promise<Answer> {
  const statuses = statusesFor(filter, action.from, action.tool);
  const meaning = [action.tool, action.args, filter];
  const call = (args: object) => callOf(action.tool, { ...action.args, filter, ...args });
  if (confirm === undefined) {
    const found = await findByFilter(context.conductor, { filter, statuses });
    const next = found.rows.length > 0 ? confirmText(found.rows, meaning, context.seal) : undefined;
    const how = next === undefined ? undefined : { confirm: next, call: call({ confirm: next }) };
    return preview(action, found, filter.reason, how);
  }
  const bounds = readConfirm(confirm, { meaning, seal: context.seal, again: `Preview first: ${call({})}` });
  const { rows } = await findByFilter(context.conductor, { filter, statuses, bounds });
  if (rows.length > bounds.count) {
    throw new FleetError(
      'conflict',
      `${rows.length} executions match now, but the preview counted ${bounds.count}. Nothing was changed.`,
      { remedy: `Preview again: ${call({})}` },
    );
  }
  const ids = rows.map(({ workflowId }) => workflowId);
  if (ids.length > 1) await askFirst?.(`${count(ids.length, 'execution')} (${countsByWorkflow(rows)})`, confirm);
  return answerFor(
    action,
    await applyAction(action, ids, context, (execution) => isNewerThan(bounds, execution)),
    context,
  );
}

function idsOrFilterError({ tool, args }: ExecutionAction): FleetError {
  const call = callOf(tool, { ...args, filter: { startedAfter: new Date(Date.now() - 86_400_000).toISOString() } });
  return new FleetError('input', `${tool} takes either executionIds or filter.`, {
    remedy: `Give one of the two. To preview what a filter finds, for example in the last day: ${call}`,
  });
}

function preview(
  { done, tool }: ExecutionAction,
  { rows, matched, scanned }: FoundExecutions,
  sought: string | undefined,
  next?: { confirm: string; call: string },
): Answer {
  const executions = rows.slice(0, SHOWN_FOUND).map(({ workflowId, status }) => ({ executionId: workflowId, status }));
  const structured = {
    counts: { matched },
    ...(next && { confirm: next.confirm }),
    executions,
  };
  const among = scanned ? ` among the newest ${scanned}` : '';
  if (!next) return { text: `No execution that ${tool} could change matches the filter${among}.`, structured };
  const all = matched > rows.length ? `; the newest ${rows.length} would be ${done}` : ` and would be ${done}`;
  const lines = [
    `Nothing was changed yet. ${count(matched, 'execution')} match${matched === 1 ? 'es' : ''}${among}${all}: ${countsByWorkflow(rows)}.`,
    ...rows.slice(0, SHOWN_FOUND).map((row) => foundLine(row, sought)),
    ...(rows.length > SHOWN_FOUND ? [`… and ${rows.length - SHOWN_FOUND} more.`] : []),
    `To do it: ${next.call}`,
  ];
  return { text: lines.join('\n'), structured };
}

function foundLine(
  { workflowId, workflowType, status, startTime, reasonForIncompletion: reason }: ExecutionSummary,
  sought: string | undefined,
): string {
  const cells = [workflowId, quoteIfUnusual(workflowType), status, `started ${instant(startTime ?? '')}`];
  return [...cells, ...(reason ? [quote(excerptOf(reason, sought))] : [])].join(' | ');
}

/** The beginning of the reason, without the server's own words. If the sought text is farther behind, the excerpt starts with it. */
function excerptOf(reason: string, sought = ''): string {
  const inner = innermostReason(reason);
  const isInner = inner.toLowerCase().includes(sought.toLowerCase());
  const text = isInner ? inner : reason;
  const at = text.toLowerCase().indexOf(sought.toLowerCase());
  const isShown = at + sought.length <= REASON_LIMIT;
  return isShown ? clip(text, REASON_LIMIT) : `…${clip(text.slice(at), REASON_LIMIT)}`;
}

function countsByWorkflow(rows: readonly ExecutionSummary[]): string {
  const counts = new Map<string, number>();
  for (const { workflowType } of rows) counts.set(workflowType, (counts.get(workflowType) ?? 0) + 1);
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${quoteIfUnusual(name)} ${n}`);
  return parts.length > 10
    ? `${parts.slice(0, 10).join(', ')} and ${parts.length - 10} other workflows`
    : parts.join(', ');
}

/** @throws FleetError if the action failed for every execution */
function answerFor(action: ExecutionAction, outcomes: readonly Outcome[], { maxResponseBytes }: ToolContext): Answer {
  const those = (...kinds: Outcome['outcome'][]) => outcomes.filter(({ outcome }) => kinds.includes(outcome));
  const [changed, unchanged, failed] = [those('changed'), those('unchanged'), those('failed', 'not tried')];
  if (changed.length + unchanged.length === 0 && failed.length > 0) throw nothingChangedError(action, failed);
  const rows = [...failed, ...unchanged, ...changed].slice(
    0,
    Math.max(1, Math.min(MOST_ROWS, Math.floor(maxResponseBytes / ROW_BYTES))),
  );
  const [only] = outcomes;
  const hidden = outcomes.length - rows.length;
  const lines =
    outcomes.length === 1 && only
      ? [singleLine(action, only)]
      : [
          `${changed.length} ${action.done}, ${unchanged.length} unchanged, ${failed.length} failed, of ${outcomes.length}.`,
          ...rows.map(lineOf),
          ...(hidden > 0
            ? [`… and ${hidden} more, ${action.done} or unchanged; get_execution_status shows each.`]
            : []),
        ];
  if (changed.length > 0 && action.note) lines.push(action.note);
  return {
    text: lines.join('\n'),
    structured: {
      counts: { changed: changed.length, unchanged: unchanged.length, failed: failed.length },
      executions: rows.map(({ executionId, before, status, outcome, versions, error }) => ({
        executionId,
        ...(before && { before }),
        ...(status && { status }),
        outcome,
        ...(versions && { version: versions[1] }),
        ...(error && { note: noteOf(error) }),
      })),
    },
  };
}

function singleLine(
  { done }: ExecutionAction,
  { executionId, workflow, before, status, outcome, versions }: Outcome,
): string {
  const head = `${quoteIfUnusual(workflow)} ${executionId}`;
  if (outcome === 'unchanged') return `${head}: nothing to change. It is already ${status}.`;
  const follow = callOf('get_execution_status', { executionId });
  return `${head}: ${done}; was ${before}, is now ${status}${versionText(versions)}.${status === 'RUNNING' ? `\nFollow it: ${follow}` : ''}`;
}

/** ` with version 5 (before: 3)`. */
function versionText(versions: Outcome['versions']): string {
  if (!versions) return '';
  const [before, after] = versions;
  return ` with version ${after}${before === after ? ', the same as before' : ` (before: ${before})`}`;
}

function lineOf({ executionId, workflow, before, status, outcome, versions, error }: Outcome): string {
  const cells = [executionId, ...(workflow ? [quoteIfUnusual(workflow)] : []), outcome];
  if (before && status) cells.push(`${before === status ? status : `${before} → ${status}`}${versionText(versions)}`);
  return [...cells, ...(error ? [noteOf(error)] : [])].join(' | ');
}

/** Why the action failed, as the text of one table cell. The server's message is quoted, because it may hold text from workflows. */
function noteOf({ message, cause }: FleetError): string {
  const isServers = typeof cause === 'object' && cause !== null && 'status' in cause && 'body' in cause;
  return isServers ? quote(clip(message, NOTE_LIMIT)) : clip(message, NOTE_LIMIT);
}

function nothingChangedError({ tool }: ExecutionAction, failed: readonly Outcome[]): FleetError {
  const [first] = failed;
  const broken = failed.find(({ error }) => error && isBroken(error))?.error;
  if (failed.length === 1 || broken)
    return broken ?? first?.error ?? new FleetError('conflict', `${tool} changed nothing.`);
  const shown = failed.slice(0, SHOWN_FOUND).map(({ error }) => (error ? noteOf(error) : ''));
  const more = failed.length > shown.length ? [`And ${failed.length - shown.length} more.`] : [];
  const remedy = first?.error?.remedy;
  return new FleetError(
    'conflict',
    [`${tool} changed none of ${failed.length} executions.`, ...shown, ...more].join(' '),
    {
      ...(remedy && { remedy: `For the first of them: ${remedy}` }),
    },
  );
}
