import { z } from 'zod';
import type { StoredTaskDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { defineTool } from '../engine/define-tool.ts';
import { cursorText, readCursor } from '../shared/cursor.ts';
import { jsonObject, SERVER_WRITTEN } from '../shared/fields.ts';
import { nearNames } from '../shared/near-names.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

/** How many bytes one row has, as text and in structured form. With a small response limit, a page therefore has fewer rows. */
const ROW_BYTES = 400;

export default defineTool({
  name: 'get_task_definition',
  title: 'Show task types',
  description:
    'Shows how a task type is configured, its settings: retries, backoff, time-outs, limits of rate and concurrency, owner; without name, which types are registered, filtered by a part of the name.',
  toolset: 'author',
  permission: 'tasks:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(255).optional().describe('Whole name, for all of its fields'),
    contains: z.string().max(100).optional().describe('For the list: part of the name'),
    limit: z.int().min(1).max(100).default(30).describe('For the list: rows per page'),
    cursor: z.string().optional().describe('For the list: nextCursor of the last answer'),
  }),
  output: z.object({
    definition: jsonObject.optional(),
    tasks: z
      .array(z.object({ name: z.string(), retryCount: z.int(), timeoutSeconds: z.int(), leaseSeconds: z.int() }))
      .optional(),
    total: z.int(),
    nextCursor: z.string().optional(),
  }),
}).handler(async ({ name, contains, limit, cursor }, { conductor, maxResponseBytes }) => {
  if (name !== undefined) {
    const definition = plain(
      await find(
        () => conductor.getTaskDef(name),
        name,
        () => conductor.listTaskDefs(),
      ),
    );
    return { text: `${quoteIfUnusual(name)}: ${JSON.stringify(definition)}`, structured: { definition, total: 1 } };
  }
  const { start } = readCursor(cursor, callOf('get_task_definition', {}));
  const wanted = contains?.toLowerCase() ?? '';
  const all = (await conductor.listTaskDefs())
    .filter((def) => def.name.toLowerCase().includes(wanted))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(start, start + Math.min(limit, Math.max(1, Math.floor(maxResponseBytes / ROW_BYTES))));
  const next = start + page.length;
  const nextCursor = next < all.length ? cursorText({ start: next }) : undefined;
  const tasks = page.map(rowOf);
  const rows = tasks.map(
    (row) => `${quoteIfUnusual(row.name)} | ${row.retryCount} | ${row.timeoutSeconds} | ${row.leaseSeconds}`,
  );
  const lines = [`${count(all.length, 'task definition')}.`];
  if (rows.length > 0) lines.push('name | retries | timeoutSeconds | responseTimeoutSeconds', ...rows);
  if (nextCursor) {
    const more = { ...(contains !== undefined && { contains }), limit, cursor: nextCursor };
    lines.push(`${all.length - next} more: ${callOf('get_task_definition', more)}`);
  }
  return { text: lines.join('\n'), structured: { tasks, total: all.length, ...(nextCursor && { nextCursor }) } };
});

function rowOf(def: StoredTaskDef) {
  const number = (field: string) => (typeof def[field] === 'number' ? Math.trunc(def[field]) : 0);
  return {
    name: def.name,
    retryCount: number('retryCount'),
    timeoutSeconds: number('timeoutSeconds'),
    leaseSeconds: number('responseTimeoutSeconds'),
  };
}

/** The definition without empty fields and without fields that the server writes. */
function plain(def: StoredTaskDef): Record<string, unknown> {
  const says = (value: unknown) =>
    value !== null && value !== '' && !(typeof value === 'object' && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(def).filter(([key, value]) => !SERVER_WRITTEN.includes(key) && says(value)));
}

async function find<T>(get: () => Promise<T>, name: string, all: () => Promise<StoredTaskDef[]>): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
    const names = (await all()).map((def) => def.name);
    const [near] = nearNames(name, names, 1);
    const call = callOf('get_task_definition', near === undefined ? {} : { name: near });
    throw new FleetError('not-found', `There is no task definition named ${quote(name, 255)}.`, {
      remedy: near === undefined ? `See all: ${call}` : `See the one with the nearest name: ${call}`,
      cause: error,
    });
  }
}
