import { orUndefined } from '../errors.ts';
import { inParallel } from '../in-parallel.ts';
import type { ExecutionCalls } from './calls/execution-calls.ts';

/** Rows of one search request. */
const PAGE = 1000;
/** How many executions are read at the same time. */
const AT_ONCE = 8;

/**
 * The ids among `ids` whose execution runs this version of the workflow. The server's list of running executions ignores the version, and
 * its search knows no condition for it. The search does show the version of each row, so few executions are read one by one.
 */
export async function idsOfVersion(
  conductor: Pick<ExecutionCalls, 'searchExecutions' | 'getExecution'>,
  { name, version }: { name: string; version: number },
  ids: readonly string[],
): Promise<string[]> {
  const versions = await versionsInIndex(conductor, name, ids);
  const unknown = ids.filter((id) => !versions.has(id));
  await inParallel(unknown, AT_ONCE, async (id) => {
    const execution = await orUndefined(conductor.getExecution(id, { includeTasks: false }));
    if (execution) versions.set(id, execution.workflowVersion);
  });
  return ids.filter((id) => versions.get(id) === version);
}

/** The versions of those executions that the search index shows as open. A server without an index shows none. */
async function versionsInIndex(
  conductor: Pick<ExecutionCalls, 'searchExecutions'>,
  name: string,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const versions = new Map<string, number>();
  // The server cannot quote a value in a query. Other names are read one by one.
  if (!/^[A-Za-z0-9_.:-]{1,255}$/.test(name)) return versions;
  const query = `workflowType=${name} AND status IN (RUNNING,PAUSED)`;
  for (let start = 0; start < ids.length; start += PAGE) {
    const { results } = await conductor.searchExecutions({ query, start, size: PAGE });
    for (const { workflowId, version } of results) versions.set(workflowId, version);
    if (results.length < PAGE) break;
  }
  return versions;
}
