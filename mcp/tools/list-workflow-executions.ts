import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { type ExecutionSummary, workflowStatuses } from '../../core/conductor/types.ts';
import { clip, count, duration, instant } from '../../core/text.ts';
import { type Cursor, cursorText, readCursor } from '../cursor.ts';
import { defineTool } from '../define.ts';
import { nearNames } from '../names.ts';
import { callOf, quote, word } from '../text.ts';

const REASON_LIMIT = 120;
/** Text and structured form of one row with all it can hold, so that a page keeps within a small response limit too. */
const ROW_BYTES = 800;

export default defineTool({
  name: 'list_workflow_executions',
  title: 'List executions',
  description: 'Finds executions by workflow and status, newest first: ids, times, reasons of failure, total number.',
  toolset: 'executions',
  byDefault: true,
  permission: 'executions:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    // The server has no way to quote a value in a query, so only characters that mean nothing in one may pass.
    workflowName: z
      .string()
      .refine(
        (name) => /^[A-Za-z0-9_.:-]{1,255}$/.test(name),
        'must be a whole workflow name of letters, digits, _ . : or -',
      )
      .optional()
      .describe('Whole name of a workflow'),
    status: z.enum(workflowStatuses).optional().describe('Only this status'),
    limit: z.int().min(1).max(100).default(20).describe('Rows a page'),
    cursor: z.string().optional().describe('nextCursor of the answer before, with the same filters'),
  }),
  output: z.object({
    executions: z.array(
      z.object({
        executionId: z.string(),
        workflow: z.string(),
        version: z.int(),
        status: z.string(),
        startedAt: z.string(),
        durationMs: z.int(),
        correlationId: z.string().optional(),
        reason: z.string().optional(),
      }),
    ),
    total: z.int(),
    nextCursor: z.string().optional(),
  }),
}).handler(async ({ workflowName, status, limit, cursor }, { conductor, maxResponseBytes }) => {
  const { start, before } = readCursor(cursor);
  const size = Math.min(limit, Math.max(1, Math.floor(maxResponseBytes / ROW_BYTES)));
  const query = queryOf({ workflowType: workflowName, status }, before);
  const { totalHits: total, results } = await conductor.searchExecutions({ start, size, ...(query && { query }) });
  const rows = results.map((summary) => rowOf(summary, Date.now()));

  const next = start + rows.length;
  const newest = before ?? Date.parse(results[0]?.startTime ?? '');
  const nextCursor = rows.length > 0 && next < total ? cursorText({ start: next, before: newest }) : undefined;
  const filters = { ...(workflowName && { workflowName }), ...(status && { status }) };
  return {
    text:
      rows.length > 0 ? table(rows, total, start, nextCursor, filters) : await nothing(conductor, workflowName, status),
    structured: { executions: rows, total, ...(nextCursor && { nextCursor }) },
  };
});

interface Row {
  executionId: string;
  workflow: string;
  version: number;
  status: string;
  startedAt: string;
  durationMs: number;
  correlationId?: string;
  reason?: string;
}

/** Later pages keep to what had started when the first one was read, so that new executions do not shift them. */
function queryOf(equal: Readonly<Record<string, string | undefined>>, before: Cursor['before']): string {
  const conditions = Object.entries(equal).flatMap(([field, value]) => (value ? [`${field}=${value}`] : []));
  if (before !== undefined) conditions.push(`startTime<${before + 1}`);
  return conditions.join(' AND ');
}

function rowOf(summary: ExecutionSummary, now: number): Row {
  const { correlationId, reasonForIncompletion: reason, startTime } = summary;
  const running = summary.status === 'RUNNING' || summary.status === 'PAUSED';
  const started = startTime ? Date.parse(startTime) : now;
  return {
    executionId: summary.workflowId,
    workflow: summary.workflowType,
    version: summary.version,
    status: summary.status,
    startedAt: instant(started),
    durationMs: Math.max(0, Math.round(running ? now - started : summary.executionTime)),
    ...(correlationId && { correlationId: clip(correlationId, REASON_LIMIT) }),
    ...(reason && { reason: clip(reason, REASON_LIMIT) }),
  };
}

function table(rows: Row[], total: number, start: number, cursor: string | undefined, filters: object): string {
  const lines = rows.map((row) => {
    const cells = [
      row.executionId,
      `${word(row.workflow)} v${row.version}`,
      row.status,
      row.startedAt,
      duration(row.durationMs),
    ];
    if (row.correlationId) cells.push(`correlation ${quote(row.correlationId)}`);
    if (row.reason) cells.push(quote(row.reason));
    return cells.join(' | ');
  });
  const more = cursor ? [`More: ${callOf('list_workflow_executions', { ...filters, cursor })}`] : [];
  return [`Executions ${start + 1}–${start + rows.length} of ${total}, newest first:`, ...lines, ...more].join('\n');
}

async function nothing(conductor: Conductor, name: string | undefined, status: string | undefined): Promise<string> {
  const found = `${count(0, 'execution')}${name ? ` of ${name}` : ''}${status ? ` in status ${status}` : ''}.`;
  if (!name) return found;
  const names = await conductor.listWorkflowNames();
  if (names.includes(name)) return found;
  const near = nearNames(name, names);
  return `${found} No workflow of that name is registered${near.length > 0 ? `; similar: ${near.map(word).join(', ')}` : ''}.`;
}
