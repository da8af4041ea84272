import type { Conductor } from './api.ts';
import type { Task } from './types.ts';

const PAGE = 100;
const AT_ONCE = 8;

/**
 * Puts every open JOIN back into the server's queue, for it to be evaluated now; returns how many there were.
 *
 * For a server that has just come up. While it evaluates a JOIN it hides its queue message for an hour (3.32.1,
 * `AsyncSystemTaskExecutor.reserveInflightMessage`), so one that was killed meanwhile leaves executions that stand still for that
 * hour, and its own repair leaves messages alone that exist. To evaluate a JOIN once more than needed changes nothing.
 *
 * It looks through the executions, since the search for tasks knows a JOIN only after its first evaluation.
 */
export async function wakeJoins(conductor: Conductor, note: (line: string) => void): Promise<number> {
  const ids = await openExecutions(conductor);
  if (ids.length > PAGE) note(`Looking through ${ids.length} open executions for JOINs to take up …`);
  let count = 0;
  const next = async () => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
      const { tasks } = await conductor.getExecution(id);
      for (const task of tasks.filter(isOpenJoin)) {
        await wake(conductor, task);
        count++;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return count;
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
