import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { type ExecutionSummary, type WorkflowStatus, workflowStatuses } from '../../core/conductor/types.ts';
import { clip, count, duration } from '../../core/text.ts';
import { innermostReason } from '../analysis/failure-reason.ts';
import { PageReasons } from '../analysis/page-reasons.ts';
import { defineTool } from '../engine/define-tool.ts';
import { type Cursor, cursorText, readCursor } from '../shared/cursor.ts';
import { searchRows } from '../shared/execution-search.ts';
import { definitionVersion, workflowFilter } from '../shared/fields.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';
import { age, clockOn, dayOf, epochMsOf, timeOrAge } from '../shared/times.ts';

const VALUE_LIMIT = 120;
/** How many bytes one row may have, as text and in structured form. With a small response limit, a page therefore has fewer rows. */
const ROW_BYTES = 800;

/** Shown for a workflow that is the same as in the row above. */
const DITTO = '"';

const COLUMNS = ['executionId', 'workflow', 'version', 'status', 'startTime', 'ms', 'correlationId', 'reason'] as const;
type Column = (typeof COLUMNS)[number];

/** The statuses of an execution in which something can still happen. */
const OPEN: readonly WorkflowStatus[] = ['RUNNING', 'PAUSED'];

/** Columns that are left out if all rows have the same value, for example because the caller filtered by it. */
const SHARED = ['workflow', 'version', 'status'] as const;

const input = z.strictObject({
  workflowName: workflowFilter.optional().describe('Whole name'),
  status: z.array(z.enum(workflowStatuses)).optional().describe('Any of these, e.g. ["FAILED"]'),
  version: definitionVersion.optional().describe('Only this version'),
  correlationId: z
    .string()
    .refine((id) => /^[\w.:@/+=#-]{1,255}$/.test(id), 'must hold letters, digits and . : @ / + = # _ - only')
    .optional()
    .describe('Exact correlation id'),
  startedAfter: timeOrAge.optional().describe('Time or age: 2026-11-21T09:00:00Z, 2h, 7d'),
  startedBefore: timeOrAge.optional().describe('Likewise'),
  unchangedFor: age.optional().describe('Only open ones in which nothing has changed for so long, e.g. 10m'),
  text: z
    .string()
    .refine((text) => text.length <= 200, 'must be at most 200 characters long')
    .optional()
    .describe('Words in input, output or reason'),
  counts: z.boolean().optional().describe('Also count by status'),
  limit: z.int().min(1).max(100).default(20).describe('Rows per page'),
  cursor: z.string().optional().describe('nextCursor of the last answer'),
});
type Args = z.output<typeof input>;

export default defineTool({
  name: 'list_workflow_executions',
  title: 'List executions',
  description:
    'Finds executions (runs) by workflow, status (running, failed), since when, correlation id or text, newest first; counts them by status.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  // Further fields: same (values that all rows share, instead of a column), reasons (the last column counts from 1), counts by status.
  output: z.looseObject({
    columns: z.array(z.unknown()),
    rows: z.array(z.unknown()),
    total: z.int(),
    nextCursor: z.string().optional(),
  }),
}).handler(async (args, { conductor, maxResponseBytes }) => {
  const now = Date.now();
  const { cursor, counts: _, ...filters } = args;
  const { start, before } = readCursor(cursor, callOf('list_workflow_executions', given(filters)));
  const size = Math.min(args.limit, Math.max(1, Math.floor(maxResponseBytes / ROW_BYTES)));
  const search = { query: queryOf(args, before, now), ...(args.text && { freeText: args.text }) };
  const [found, ofServer] = await Promise.all([
    searchRows(conductor, { ...search, version: args.version, start, size }),
    args.counts && args.version === undefined ? countsOf(conductor, args, before, now) : undefined,
  ]);
  const { rows: results, total, matches, scanned } = found;
  const counts = args.counts && matches ? countBy(matches) : ofServer;
  const rows = results.map((summary) => rowOf(summary, now));
  const next = start + rows.length;
  const newest = before ?? Date.parse(results[0]?.startTime ?? '');
  const nextCursor = rows.length > 0 && next < total ? cursorText({ start: next, before: newest }) : undefined;
  const reasons = new PageReasons(rows);
  const page = { args, rows, reasons, total, start, nextCursor, counts, scanned };
  return {
    text: rows.length > 0 ? textOf(page) : await nothing(conductor, args, counts),
    structured: {
      ...tableOf(rows, reasons),
      ...(reasons.shown.length > 0 && { reasons: reasons.shown }),
      total,
      ...(counts && { counts }),
      ...(nextCursor && { nextCursor }),
    },
  };
});

interface Row {
  id: string;
  workflow: string;
  version: number;
  status: WorkflowStatus;
  /** Epoch milliseconds. */
  startedAt: number;
  ms: number;
  correlationId?: string;
  reason?: string;
}

interface Page {
  args: Args;
  rows: readonly Row[];
  reasons: PageReasons;
  total: number;
  start: number;
  nextCursor: string | undefined;
  counts: Record<string, number> | undefined;
  scanned: number | undefined;
}

/** The search query. Later pages leave out executions that started after the first page was read, which would shift the rows. */
function queryOf(args: Args, before: Cursor['before'], now: number): string {
  const { workflowName, correlationId, startedAfter, startedBefore, unchangedFor } = args;
  const statuses = args.status ?? (unchangedFor === undefined ? [] : OPEN);
  const ends = [
    ...(before === undefined ? [] : [before + 1]),
    ...(startedBefore === undefined ? [] : [epochMsOf(startedBefore, now)]),
  ];
  return [
    ...(workflowName ? [`workflowType=${workflowName}`] : []),
    ...(statuses.length === 1 ? [`status=${statuses[0]}`] : []),
    ...(statuses.length > 1 ? [`status IN (${statuses.join(',')})`] : []),
    ...(correlationId ? [`correlationId=${correlationId}`] : []),
    ...(startedAfter === undefined ? [] : [`startTime>${epochMsOf(startedAfter, now)}`]),
    ...(ends.length > 0 ? [`startTime<${Math.min(...ends)}`] : []),
    ...(unchangedFor === undefined ? [] : [`updateTime<${epochMsOf(unchangedFor, now)}`]),
  ].join(' AND ');
}

function countBy(rows: readonly ExecutionSummary[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status } of rows) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** The number of executions in each status, from searches that return no rows. */
async function countsOf(
  conductor: Conductor,
  args: Args,
  before: Cursor['before'],
  now: number,
): Promise<Record<string, number>> {
  const asked = args.status ?? (args.unchangedFor === undefined ? workflowStatuses : OPEN);
  const counted = asked.map(async (status) => {
    const query = queryOf({ ...args, status: [status] }, before, now);
    const { totalHits } = await conductor.searchExecutions({
      query,
      ...(args.text && { freeText: args.text }),
      size: 0,
    });
    return [status, totalHits] as const;
  });
  return Object.fromEntries((await Promise.all(counted)).filter(([, hits]) => hits > 0));
}

function rowOf(summary: ExecutionSummary, now: number): Row {
  const { correlationId, reasonForIncompletion: reason, startTime } = summary;
  const running = summary.status === 'RUNNING' || summary.status === 'PAUSED';
  const startedAt = startTime ? Date.parse(startTime) : now;
  return {
    id: summary.workflowId,
    workflow: summary.workflowType,
    version: summary.version,
    status: summary.status,
    startedAt,
    ms: Math.max(0, Math.round(running ? now - startedAt : summary.executionTime)),
    ...(correlationId && { correlationId: clip(correlationId, VALUE_LIMIT) }),
    ...(reason && { reason: innermostReason(reason) }),
  };
}

/** The rows as arrays. Values that all rows share are written once, beside the rows. */
function tableOf(rows: readonly Row[], reasons: PageReasons) {
  const [first] = rows;
  const alike = rows.length > 1 ? SHARED.filter((name) => rows.every((row) => row[name] === first?.[name])) : [];
  const same = Object.fromEntries(alike.map((name) => [name, first?.[name]]));
  const columns = COLUMNS.filter((name) => !(name in same));
  return {
    ...(alike.length > 0 && { same }),
    columns,
    rows: rows.map((row) => cellsOf(row, columns, reasons)),
  };
}

/** The cell of the reason holds its position in `reasons`, counted from 1. Empty cells at the end are left out. */
function cellsOf(row: Row, columns: readonly Column[], reasons: PageReasons): unknown[] {
  const { id: executionId, startedAt: startTime, reason, ...own } = row;
  const cells: Partial<Record<Column, unknown>> = { executionId, startTime, ...own };
  if (reason) cells.reason = reasons.numberOf(reason);
  const length = columns.findLastIndex((name) => cells[name] !== undefined) + 1;
  return columns.slice(0, length).map((name) => cells[name] ?? null);
}

/** Values that all rows share are written once above the rows. Each reason is written once below the rows. */
function textOf({ args, rows, reasons, total, start, nextCursor, counts, scanned }: Page): string {
  const day = dayOf(rows[0]?.startedAt ?? 0);
  const names = new Set(rows.map(named));
  const statuses = new Set(rows.map(({ status }) => status));
  const same = [...(names.size === 1 ? names : []), ...(statuses.size === 1 ? statuses : [])].join(', ');
  const lines = rows.map((row, index) =>
    [
      row.id,
      ...(names.size === 1 ? [] : [isSameWorkflow(row, rows[index - 1]) ? DITTO : named(row)]),
      ...(statuses.size === 1 ? [] : [row.status]),
      clockOn(day, row.startedAt),
      duration(row.ms).replaceAll(' ', ''),
      ...(row.correlationId && !args.correlationId ? [`correlation ${quote(row.correlationId)}`] : []),
      ...(row.reason ? [`[${reasons.numberOf(row.reason)}]`] : []),
    ].join(' | '),
  );
  const range = `${start + 1}–${start + rows.length} of ${total}`;
  const { cursor: _, counts: __, ...filters } = args;
  return [
    ...(counts ? [`By status: ${countsText(counts)}.`] : []),
    `Executions ${range}${same ? `, all ${same}` : ''}, newest first, times in UTC on ${day}:`,
    ...lines,
    ...reasons.legend(),
    ...(scanned ? [`Only the newest ${scanned} executions were searched for this version.`] : []),
    ...(nextCursor ? [`More: ${callOf('list_workflow_executions', { ...given(filters), cursor: nextCursor })}`] : []),
  ].join('\n');
}

/** The name with its version; version 1 is left out, because most workflows have no other. */
function named({ workflow, version }: Row): string {
  return version === 1 ? quoteIfUnusual(workflow) : `${quoteIfUnusual(workflow)} v${version}`;
}

function isSameWorkflow({ workflow, version }: Row, above: Row | undefined): boolean {
  return above?.workflow === workflow && above.version === version;
}

/** The filters that were given, without defaults. */
function given({ limit, ...filters }: Omit<Args, 'cursor' | 'counts'>): Record<string, unknown> {
  const set = Object.entries(filters).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(set), ...(limit !== 20 && { limit }) };
}

function countsText(counts: Record<string, number>): string {
  const parts = Object.entries(counts).map(([status, n]) => `${n} ${status}`);
  return parts.join(', ') || 'none';
}

async function nothing(conductor: Conductor, args: Args, counts: Page['counts']): Promise<string> {
  const { workflowName: name, status } = args;
  const statuses = (status ?? []).join(' or ');
  const others = Object.keys(given(args)).length > (name ? 1 : 0) + (status ? 1 : 0) ? ' with these filters' : '';
  const found = `${count(0, 'execution')}${name ? ` of ${name}` : ''}${statuses ? ` in status ${statuses}` : ''}${others}.`;
  const line = counts && Object.keys(counts).length > 0 ? `${found} By status: ${countsText(counts)}.` : found;
  if (!name) return line;
  const names = await conductor.listWorkflowNames();
  if (names.includes(name)) return line;
  const near = nearNames(name, names);
  return `${line} No workflow of that name is registered${near.length > 0 ? `; similar: ${near.map(quoteIfUnusual).join(', ')}` : ''}.`;
}
