import { messageOf } from '../../errors.ts';
import { inParallel } from '../../in-parallel.ts';
import { count } from '../../text.ts';
import { type Conductor, createConductor } from '../api.ts';
import { type ConnectionConfig, createCaller } from '../connection/caller.ts';
import type { Task } from '../types.ts';

const PAGE = 100;
const AT_ONCE = 8;

/**
 * Tells a server that has just started to evaluate every open JOIN. It only notes an error, because the server also works without this
 * step.
 *
 * While a server evaluates a JOIN, it hides the JOIN's queue message for an hour
 * (`AsyncSystemTaskExecutor.reserveInflightMessage`). If the server is killed during the evaluation, the execution waits for the rest of
 * that hour, because the server's own repair skips messages that exist. An unnecessary evaluation changes nothing.
 */
export async function wakeOpenJoins(config: ConnectionConfig, note: (line: string) => void): Promise<void> {
  const conductor = createConductor(createCaller(config));
  try {
    const ids = await openExecutions(conductor);
    if (ids.length > PAGE) note(`Looking for open JOINs in ${ids.length} open executions …`);
    const woken = await wakeJoins(conductor, ids);
    if (woken > 0) note(`Told the server to evaluate ${count(woken, 'open JOIN')} of earlier executions again.`);
  } catch (error) {
    note(`Forks that were open when the last server ended may wait for up to an hour: ${messageOf(error)}`);
  } finally {
    conductor.close();
  }
}

/**
 * Wakes the open JOINs of these executions and returns their number. It reads each execution, because the search finds a JOIN only after
 * its first evaluation.
 */
async function wakeJoins(conductor: Conductor, ids: string[]): Promise<number> {
  const counts = await inParallel(ids, AT_ONCE, async (id) => {
    const joins = (await conductor.getExecution(id)).tasks.filter(isOpenJoin);
    for (const task of joins) await wake(conductor, task);
    return joins.length;
  });
  return counts.reduce((sum, count) => sum + count, 0);
}

async function openExecutions(conductor: Conductor): Promise<string[]> {
  const ids: string[] = [];
  for (let total = 1; ids.length < total; ) {
    const query = 'status IN (RUNNING,PAUSED)';
    const { totalHits, results } = await conductor.searchExecutions({ query, start: ids.length, size: PAGE });
    if (results.length === 0) break;
    ids.push(...results.map(({ workflowId }) => workflowId));
    total = totalHits;
  }
  return ids;
}

function isOpenJoin({ taskType, status }: Task): boolean {
  return taskType === 'JOIN' && status === 'IN_PROGRESS';
}

function wake(conductor: Conductor, { taskId, workflowInstanceId }: Task): Promise<void> {
  return conductor.updateTask({ taskId, workflowInstanceId, status: 'IN_PROGRESS', callbackAfterSeconds: 0 });
}
