import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import {
  type Execution,
  type ExecutionSummary,
  hasEnded,
  type WorkflowStatus,
  workflowStatuses,
} from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { executionId, jsonObject, workflowFilter } from '../shared/fields.ts';
import { epochMsOf, timeOrAge } from '../shared/times.ts';
import { SEAL, type Seal } from '../signing/state-key.ts';

/*
 * Selects the executions that a call changes: by their ids or by a filter.
 *
 * With a filter it takes two calls: preview, then confirm. The first call changes nothing. It shows what it found and returns
 * `confirm`. The second call, with `confirm`, changes only what the first call found. No process stores anything between the calls:
 * 1. `confirm` holds the number found, their first and last start time and their newest change, by the server's clock. It is sealed, so
 *    only the caller of the first call can use it, and no client can change it.
 * 2. The second call searches again between those start times. An execution that no longer matches is not changed.
 * 3. An execution that began to match after the first call has a newer change and is left out; see `isNewerThan`.
 * 4. A call never changes more executions than the preview counted. A `confirm` of another action or another filter is refused.
 */

/** At most this many executions are changed in one call. */
const MOST = 1000;
/** At most this many executions are read to find a text in their reasons, because the server cannot search reasons. */
const SCANNED = 5000;
const PAGE = 1000;

/** A value that is safe in a search query, in which the server cannot quote values. Other correlation ids are compared here. */
const plain = /^[A-Za-z0-9_.:-]{1,255}$/;

/** A text that `refine` checks, so that the list of tools does not show the rule in every tool that takes the text. */
const checked = (ok: (text: string) => boolean, rule: string) => z.string().refine(ok, rule);
export const someText = checked((text) => text.length > 0 && text.length <= 255, 'must be 1 to 255 characters long');

const filter = z.strictObject({
  workflowName: workflowFilter.optional().describe('Whole name'),
  status: z
    .array(z.enum(workflowStatuses))
    .refine((statuses) => statuses.length > 0, 'must name a status')
    .optional()
    .describe('Any of these, e.g. ["FAILED"]'),
  correlationId: someText.optional().describe('Exact'),
  startedAfter: timeOrAge.optional().describe('Time or age: 2026-11-21T09:00:00Z, 2h, 7d'),
  startedBefore: timeOrAge.optional().describe('Likewise'),
  reason: someText.optional().describe('Text in it, e.g. 503'),
  limit: z
    .int()
    .refine((n) => n >= 1 && n <= MOST, `must be 1 to ${MOST}`)
    .default(100)
    .describe('Most, newest first'),
});
export type Filter = z.output<typeof filter>;

/** Parameters of every tool that changes one or many executions. */
export const selectionFields = {
  executionIds: z
    .array(executionId)
    .refine((ids) => ids.length > 0 && ids.length <= MOST, `must hold 1 to ${MOST} ids`)
    .optional()
    .describe('Ids of the executions; or use filter'),
  filter: filter.optional().describe('Selects them instead. The first call only counts and returns confirm'),
  confirm: z.string().max(1000).optional().describe('From that first call: repeat it with this to act'),
};

/** The structured answer of every tool that changes executions. */
export const operateOutput = z.object({
  /** `changed`, `unchanged` (nothing to do) and `failed`; in a preview only `matched`. */
  counts: z.record(z.string(), z.int()),
  /** In a preview. */
  confirm: z.string().optional(),
  /** `executionId`, `before`, `status`, `outcome`, and `note` if it failed. */
  executions: z.array(jsonObject),
});

/** The executions that a filter found, newest start first. */
export interface FoundExecutions {
  readonly rows: readonly ExecutionSummary[];
  /** The number of all matches. */
  readonly matched: number;
  /** Set if only this many of the newest executions were searched for the reason. More may match. */
  readonly scanned?: number;
}

/** What the second call must know about the executions that the first call found. Times are epoch milliseconds of the server. */
interface Bounds {
  readonly count: number;
  readonly oldestStart: number;
  readonly newestStart: number;
  readonly newestChange: number;
}

/** The statuses to search for: the status in the filter, else every status that the action can change. @throws FleetError `input` */
export function statusesFor(
  { status }: Filter,
  from: readonly WorkflowStatus[],
  tool: string,
): readonly WorkflowStatus[] {
  if (status === undefined) return from;
  const impossible = status.filter((one) => !from.includes(one));
  if (impossible.length === 0) return status;
  throw new FleetError('input', `${tool} cannot change executions that are ${impossible.join(' or ')}.`, {
    remedy: `Filter by one of ${from.join(', ')}, or leave status out for all of these.`,
  });
}

/** Finds the executions that match a filter, up to its limit. With `bounds`: only executions that started between its times. */
export async function findByFilter(
  conductor: Conductor,
  { filter, statuses, bounds }: { filter: Filter; statuses: readonly WorkflowStatus[]; bounds?: Bounds | undefined },
): Promise<FoundExecutions> {
  const query = queryOf(filter, statuses, bounds);
  const { correlationId, reason, limit } = filter;
  if (reason === undefined && (correlationId === undefined || plain.test(correlationId))) {
    const { totalHits, results } = await conductor.searchExecutions({ query, size: limit });
    return { rows: results, matched: totalHits };
  }
  const rows: ExecutionSummary[] = [];
  for (let start = 0; start < SCANNED; start += PAGE) {
    const { results } = await conductor.searchExecutions({ query, start, size: PAGE });
    rows.push(...results.filter((row) => matches(row, filter)));
    if (results.length < PAGE) return { rows: rows.slice(0, limit), matched: rows.length };
  }
  return { rows: rows.slice(0, limit), matched: rows.length, scanned: SCANNED };
}

function queryOf(
  { workflowName, correlationId, startedAfter, startedBefore }: Filter,
  statuses: readonly WorkflowStatus[],
  bounds: Bounds | undefined,
): string {
  const conditions = [statuses.length === 1 ? `status=${statuses[0]}` : `status IN (${statuses.join(',')})`];
  if (workflowName) conditions.push(`workflowType=${workflowName}`);
  if (correlationId && plain.test(correlationId)) conditions.push(`correlationId=${correlationId}`);
  const now = Date.now();
  const from = Math.max(startedAfter ? epochMsOf(startedAfter, now) : 0, bounds?.oldestStart ?? 0);
  const to = Math.min(
    startedBefore ? epochMsOf(startedBefore, now) - 1 : Number.POSITIVE_INFINITY,
    bounds?.newestStart ?? Number.POSITIVE_INFINITY,
  );
  if (from > 0) conditions.push(`startTime>${from - 1}`);
  if (Number.isFinite(to)) conditions.push(`startTime<${to + 1}`);
  return conditions.join(' AND ');
}

function matches(row: ExecutionSummary, { correlationId, reason }: Filter): boolean {
  const given = (row.reasonForIncompletion ?? '').toLowerCase();
  return (
    (correlationId === undefined || row.correlationId === correlationId) &&
    (reason === undefined || given.includes(reason.toLowerCase()))
  );
}

interface ConfirmContext {
  readonly meaning: unknown;
  readonly seal: Seal;
  /** The remedy: how to preview again. */
  readonly again: string;
}

/** The `confirm` of a preview. It is valid only for the same `meaning`: the action and the filter. */
export function confirmText(rows: readonly ExecutionSummary[], meaning: unknown, seal: Seal): string {
  const starts = rows.map(({ startTime }) => time(startTime));
  const changes = rows.flatMap(({ startTime, updateTime, endTime }) => [startTime, updateTime, endTime].map(time));
  const numbers = [rows.length, Math.min(...starts), Math.max(...starts), Math.max(...changes)];
  const bounds = numbers.map((number) => number.toString(36)).join('.');
  return `${bounds}.${seal.of('confirm', bounds, JSON.stringify(meaning))}`;
}

const CONFIRM = new RegExp(`^([0-9a-z]{1,9}(?:\\.[0-9a-z]{1,9}){3})\\.(${SEAL})$`);

/** @throws FleetError `input` if `confirmText` did not make the text for the same caller and the same `meaning` */
export function readConfirm(text: string, { meaning, seal, again }: ConfirmContext): Bounds {
  const [, bounds = '', given = ''] = CONFIRM.exec(text) ?? [];
  if (!seal.fits(given, 'confirm', bounds, JSON.stringify(meaning))) {
    const what = bounds
      ? 'belongs to another action, filter, limit or caller, or was changed'
      : 'did not come from an earlier answer';
    throw new FleetError('input', `This confirm ${what}. Nothing was changed.`, { remedy: again });
  }
  const [count = 0, oldestStart = 0, newestStart = 0, newestChange = 0] = bounds
    .split('.')
    .map((part) => Number.parseInt(part, 36));
  return { count, oldestStart, newestStart, newestChange };
}

/** True if the execution reached its present state after every execution that the first call found. */
export function isNewerThan({ newestChange }: Bounds, execution: Execution): boolean {
  const { status, startTime, endTime, updateTime, lastRetriedTime } = execution;
  if (hasEnded(status)) return endTime > newestChange;
  if (status === 'PAUSED') return (updateTime ?? 0) > newestChange;
  return Math.max(startTime, lastRetriedTime ?? 0) > newestChange;
}

function time(iso: string | null | undefined): number {
  const ms = Date.parse(iso ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}
