import type { SearchRequest } from '../../core/conductor/api.ts';
import type { Permission } from '../admission/permissions.ts';
import type { Checks, ExecutionTarget } from './checks.ts';

/** A longer condition may not fit into the address of a request. */
const LONGEST_CONDITION = 4000;
/** A name that is safe in a search query, in which the server cannot quote values. */
const plain = /^[A-Za-z0-9_.:-]+$/;

interface Found<T> {
  readonly totalHits: number;
  readonly results: T[];
}

interface Search<T> {
  search(request: SearchRequest): Promise<Found<T>>;
  /** What a row shows about its execution. */
  targetOf(row: T): ExecutionTarget;
}

/**
 * Searches only in the workflows that the caller may read, so that neither rows nor their number tell of others. Only registered workflows
 * are searched. If the names are too many for one request, or if rules are about inputs, the number of all hits is only a lower bound.
 */
export async function searchInReach<T>(
  checks: Checks,
  permission: Permission,
  request: SearchRequest,
  { search, targetOf }: Search<T>,
): Promise<Found<T>> {
  if (!checks.reach.limits(permission)) return search(request);
  const registered = (await checks.workflowNames()).filter((name) => plain.test(name));
  const names = registered.filter((workflow) => checks.reaches(permission, { workflow }));
  const condition = `workflowType IN (${names.join(',')})`;
  if (names.length === 0) return { totalHits: 0, results: [] };
  const isNarrow = condition.length <= LONGEST_CONDITION;
  const query = [request.query, isNarrow && condition].filter(Boolean).join(' AND ');
  const { totalHits, results } = await search({ ...request, ...(query !== '' && { query }) });
  const shown = await checks.inReach(permission, results, targetOf);
  const isExact = isNarrow && !checks.reach.dependsOnInput(permission);
  return { totalHits: isExact ? totalHits : (request.start ?? 0) + shown.length, results: shown };
}
