/*
 * What changed between two values of a topic. A field that is a list of rows with ids changes row by row; every other field changes as a
 * whole. For all values: `patched(before, patchOf(before, after))` equals `after`.
 */

/** A value of a topic: an object whose fields are JSON. */
export type Value = Readonly<Record<string, unknown>>;

/** A row of a list. */
interface Row {
  readonly id: string;
}

/** The changes of one list. */
export interface RowChanges {
  /** The ids of the rows that are no longer in the list. */
  readonly gone: readonly string[];
  /** The new and changed rows with their places in the new list, in the order of the places. */
  readonly put: readonly (readonly [place: number, row: Row])[];
}

export interface Patch {
  /** The fields that changed as a whole. */
  readonly set: Value;
  readonly rows: Readonly<Record<string, RowChanges>>;
  /** The fields that no longer exist. */
  readonly unset: readonly string[];
}

/** Undefined if nothing changed. */
export function patchOf(before: Value, after: Value): Patch | undefined {
  const set: Record<string, unknown> = {};
  const rows: Record<string, RowChanges> = {};
  for (const [field, now] of Object.entries(after)) {
    const was = before[field];
    if (JSON.stringify(was) === JSON.stringify(now)) continue;
    const changes = isRows(was) && isRows(now) ? rowChanges(was, now) : undefined;
    if (changes) rows[field] = changes;
    else set[field] = now;
  }
  const unset = Object.keys(before).filter((field) => before[field] !== undefined && after[field] === undefined);
  const isEmpty = unset.length + Object.keys(set).length + Object.keys(rows).length === 0;
  return isEmpty ? undefined : { set, rows, unset };
}

/** The value after a patch. Unchanged rows are the same objects as before, so that a page need not draw them again. */
export function patched(before: Value, { set, rows, unset }: Patch): Value {
  const after: Record<string, unknown> = { ...before, ...set };
  for (const field of unset) delete after[field];
  for (const [field, changes] of Object.entries(rows)) {
    const was = before[field];
    if (isRows(was)) after[field] = patchedRows(was, changes);
  }
  return after;
}

function isRows(value: unknown): value is readonly Row[] {
  return Array.isArray(value) && value.every((row) => typeof row?.id === 'string');
}

/** Undefined if the rows that stay have another order than before: then the whole list is sent. */
function rowChanges(was: readonly Row[], now: readonly Row[]): RowChanges | undefined {
  const known = new Map(was.map((row) => [row.id, JSON.stringify(row)]));
  const ids = new Set(now.map(({ id }) => id));
  if (ids.size < now.length || known.size < was.length) return undefined; // two rows with one id
  const put = now.flatMap((row, place) => (known.get(row.id) === JSON.stringify(row) ? [] : [[place, row] as const]));
  const changes = { gone: was.filter(({ id }) => !ids.has(id)).map(({ id }) => id), put };
  const result = patchedRows(was, changes);
  return result.length === now.length && result.every(({ id }, place) => id === now[place]?.id) ? changes : undefined;
}

function patchedRows(was: readonly Row[], { gone, put }: RowChanges): Row[] {
  const out = new Set([...gone, ...put.map(([, { id }]) => id)]);
  const rows = was.filter(({ id }) => !out.has(id));
  for (const [place, row] of put) rows.splice(place, 0, row);
  return rows;
}
