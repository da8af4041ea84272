import type { Conductor } from '../../core/conductor/api.ts';
import type { ExecutionSummary } from '../../core/conductor/types.ts';

/** Rows of one search request. */
const PAGE = 1000;
/** At most this many of the newest executions are compared here. */
const SCANNED = 5000;

export interface ExecutionSearch {
  readonly query: string;
  readonly freeText?: string;
  readonly version?: number | undefined;
  /** The first `start` matches are left out. */
  readonly start: number;
  readonly size: number;
}

export interface FoundRows {
  readonly rows: readonly ExecutionSummary[];
  /** The number of all matches. */
  readonly total: number;
  /** Every match that was read, if the executions were compared here. */
  readonly matches?: readonly ExecutionSummary[];
  /** Set if only this many of the newest executions were compared. Older ones may match too. */
  readonly scanned?: number;
}

/** Searches executions, newest first. The server knows no condition for the version, so the rows of all versions are compared here. */
export async function searchRows(
  conductor: Pick<Conductor, 'searchExecutions'>,
  { query, freeText, version, start, size }: ExecutionSearch,
): Promise<FoundRows> {
  const search = { query, ...(freeText && { freeText }) };
  if (version === undefined) {
    const { results, totalHits } = await conductor.searchExecutions({ ...search, start, size });
    return { rows: results, total: totalHits };
  }
  const { rows, isWhole } = await scanRows(conductor, search);
  const matches = rows.filter((row) => row.version === version);
  const found = { rows: matches.slice(start, start + size), total: matches.length, matches };
  return isWhole ? found : { ...found, scanned: rows.length };
}

/** Reads the newest executions that a query finds, up to a limit. */
export async function scanRows(
  conductor: Pick<Conductor, 'searchExecutions'>,
  search: { readonly query: string; readonly freeText?: string },
): Promise<{ rows: ExecutionSummary[]; isWhole: boolean }> {
  const rows: ExecutionSummary[] = [];
  while (rows.length < SCANNED) {
    const { results } = await conductor.searchExecutions({ ...search, start: rows.length, size: PAGE });
    rows.push(...results);
    if (results.length < PAGE) return { rows, isWhole: true };
  }
  return { rows, isWhole: false };
}
