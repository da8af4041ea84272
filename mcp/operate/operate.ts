import { z } from 'zod';
import type { ExecutionSummary } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { clip, count, instant } from '../../core/text.ts';
import type { ToolAnswer, ToolContext } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quote, word } from '../shared/quote.ts';
import { applyAction, type ExecutionAction, isBroken, type Outcome } from './apply-action.ts';
import {
  confirmText,
  type Filter,
  type FoundExecutions,
  find,
  isNewerThan,
  readConfirm,
  statusesFor,
} from './execution-filter.ts';

/** Rows of a first look: enough to see whether the filter means what it should. */
const SHOWN_FOUND = 5;
/** Text and structured form of one outcome. */
const ROW_BYTES = 500;
const MOST_ROWS = 100;
const NOTE_LIMIT = 200;

/** What every tool that acts on executions answers with. */
export const operateOutput = z.object({
  /** `changed`, `unchanged` (there was nothing to do) and `failed`; or `matched`, after a first look by filter. */
  counts: z.record(z.string(), z.int()),
  /** Of a first look. */
  confirm: z.string().optional(),
  /** `executionId`, `before`, `status`, `outcome`, and `note` where it failed. */
  executions: z.array(jsonObject),
});
type Answer = ToolAnswer<z.input<typeof operateOutput>>;

/** How a call says which executions it is for. */
export interface Selection {
  readonly executionIds?: readonly string[] | undefined;
  readonly filter?: Filter | undefined;
  readonly confirm?: string | undefined;
}

/** Puts the question to a person before many executions are touched. @throws FleetError `cancelled` if they say no */
export type AskFirst = (what: string, key: string) => Promise<unknown>;

/**
 * Does an action to the executions a call names, or to those its filter finds: to these in two calls, of which the first only looks.
 * @throws FleetError if it could be done to none of them
 */
export async function operate(
  action: ExecutionAction,
  selection: Selection,
  context: ToolContext,
  askFirst?: AskFirst,
): Promise<Answer> {
  const { executionIds, filter } = selection;
  if ((executionIds === undefined) === (filter === undefined)) throw oneOf(action);
  if (filter) return operateOnFound(action, { ...selection, filter }, context, askFirst);
  const ids = [...new Set(executionIds)];
  if (ids.length > 1) await askFirst?.(count(ids.length, 'execution'), ids.join());
  return answerFor(action, await applyAction(action, ids, context), context);
}

async function operateOnFound(
  action: ExecutionAction,
  { filter, confirm }: Selection & { filter: Filter },
  context: ToolContext,
  askFirst: AskFirst | undefined,
): Promise<Answer> {
  const statuses = statusesFor(filter, action.from, action.tool);
  const meaning = [action.tool, action.args, filter];
  const call = (args: object) => callOf(action.tool, { ...action.args, filter, ...args });
  if (confirm === undefined) {
    const found = await find(context.conductor, { filter, statuses });
    const next = found.rows.length > 0 ? confirmText(found.rows, meaning) : undefined;
    return dryRun(action, found, next === undefined ? undefined : { confirm: next, call: call({ confirm: next }) });
  }
  const bounds = readConfirm(confirm, meaning, `Look first: ${call({})}`);
  const { rows } = await find(context.conductor, { filter, statuses, bounds });
  if (rows.length > bounds.count) {
    throw new FleetError(
      'conflict',
      `${rows.length} executions match, ${bounds.count} were counted. Nothing was changed.`,
      {
        remedy: `Look again: ${call({})}`,
      },
    );
  }
  const ids = rows.map(({ workflowId }) => workflowId);
  if (ids.length > 1) await askFirst?.(`${count(ids.length, 'execution')} (${perWorkflow(rows)})`, confirm);
  return answerFor(
    action,
    await applyAction(action, ids, context, (execution) => isNewerThan(bounds, execution)),
    context,
  );
}

function oneOf({ tool, args }: ExecutionAction): FleetError {
  const call = callOf(tool, { ...args, filter: { startedAfter: new Date(Date.now() - 86_400_000).toISOString() } });
  return new FleetError('input', 'Give either executionIds or filter.', {
    remedy: `See first what a filter would touch, e.g. of the last day: ${call}`,
  });
}

function dryRun(
  { done, tool }: ExecutionAction,
  { rows, matched, scanned }: FoundExecutions,
  next?: { confirm: string; call: string },
): Answer {
  const executions = rows.slice(0, SHOWN_FOUND).map(({ workflowId, status }) => ({ executionId: workflowId, status }));
  const structured = {
    counts: { matched },
    ...(next && { confirm: next.confirm }),
    executions,
  };
  const among = scanned ? ` among the newest ${scanned}` : '';
  if (!next) return { text: `No execution that ${tool} could change matches${among}.`, structured };
  const all = matched > rows.length ? `, of which the newest ${rows.length} would be ${done}` : ` and would be ${done}`;
  const lines = [
    `Nothing was changed yet. ${count(matched, 'execution')} match${matched === 1 ? 'es' : ''}${among}${all}: ${perWorkflow(rows)}.`,
    ...rows.slice(0, SHOWN_FOUND).map(foundLine),
    ...(rows.length > SHOWN_FOUND ? [`… and ${rows.length - SHOWN_FOUND} more.`] : []),
    `To do it: ${next.call}`,
  ];
  return { text: lines.join('\n'), structured };
}

function foundLine({
  workflowId,
  workflowType,
  status,
  startTime,
  reasonForIncompletion: reason,
}: ExecutionSummary): string {
  const cells = [workflowId, word(workflowType), status, `started ${instant(startTime ?? '')}`];
  return [...cells, ...(reason ? [quote(clip(reason, 80))] : [])].join(' | ');
}

function perWorkflow(rows: readonly ExecutionSummary[]): string {
  const counts = new Map<string, number>();
  for (const { workflowType } of rows) counts.set(workflowType, (counts.get(workflowType) ?? 0) + 1);
  const parts = [...counts].sort((a, b) => b[1] - a[1]).map(([name, n]) => `${word(name)} ${n}`);
  return parts.length > 10
    ? `${parts.slice(0, 10).join(', ')} and ${parts.length - 10} other workflows`
    : parts.join(', ');
}

/** @throws FleetError if none is as asked for */
function answerFor(action: ExecutionAction, outcomes: readonly Outcome[], { maxResponseBytes }: ToolContext): Answer {
  const those = (...kinds: Outcome['outcome'][]) => outcomes.filter(({ outcome }) => kinds.includes(outcome));
  const [changed, unchanged, failed] = [those('changed'), those('unchanged'), those('failed', 'not tried')];
  if (changed.length + unchanged.length === 0 && failed.length > 0) throw noneWorked(action, failed);
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
          `${changed.length} ${action.done}, ${unchanged.length} already so, ${failed.length} failed, of ${outcomes.length}.`,
          ...rows.map(lineOf),
          ...(hidden > 0
            ? [`… and ${hidden} more that were ${action.done} or already so; get_execution_status shows each.`]
            : []),
        ];
  if (changed.length > 0 && action.note) lines.push(action.note);
  return {
    text: lines.join('\n'),
    structured: {
      counts: { changed: changed.length, unchanged: unchanged.length, failed: failed.length },
      executions: rows.map(({ executionId, before, status, outcome, error }) => ({
        executionId,
        ...(before && { before }),
        ...(status && { status }),
        outcome,
        ...(error && { note: noteOf(error) }),
      })),
    },
  };
}

function singleLine({ done }: ExecutionAction, { executionId, workflow, before, status, outcome }: Outcome): string {
  const head = `${word(workflow)} ${executionId}`;
  if (outcome === 'unchanged') return `${head}: nothing to change, it is already ${status}.`;
  const follow = callOf('get_execution_status', { executionId });
  return `${head}: ${done}; was ${before}, is ${status} now.${status === 'RUNNING' ? `\nFollow it: ${follow}` : ''}`;
}

function lineOf({ executionId, workflow, before, status, outcome, error }: Outcome): string {
  const cells = [executionId, ...(workflow ? [word(workflow)] : []), outcome];
  if (before && status) cells.push(before === status ? status : `${before} → ${status}`);
  return [...cells, ...(error ? [noteOf(error)] : [])].join(' | ');
}

/** Why not, in a cell. What the server said is quoted, because it may hold text of workflows. */
function noteOf({ message, cause }: FleetError): string {
  const isServers = typeof cause === 'object' && cause !== null && 'status' in cause && 'body' in cause;
  return isServers ? quote(clip(message, NOTE_LIMIT)) : clip(message, NOTE_LIMIT);
}

function noneWorked({ tool }: ExecutionAction, failed: readonly Outcome[]): FleetError {
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
