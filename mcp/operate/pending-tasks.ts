import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { isWaiting, waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { findExecution } from '../shared/find-execution.ts';

/*
 * What waits for a person or a signal, all over the server.
 *
 * HUMAN tasks are in the task index as soon as they wait. WAIT tasks come into it only when they end, so they are looked for by the
 * names they have in the registered definitions. One that waits in an execution of a definition that was never registered is
 * found only by its execution.
 */

/** Most tasks of one kind that are looked through; the oldest of them. */
const MOST = 1000;
const AT_ONCE = 8;

/** A task that waits, before it was read. */
export interface Candidate {
  readonly taskId: string;
  readonly workflowId: string;
  /** Since when it waits, epoch milliseconds. */
  readonly since: number;
}

/** A task that waits, with its execution (without its tasks). */
export interface Pending {
  readonly task: Task;
  readonly execution: Execution;
}

export interface PendingFilter {
  readonly workflowName?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly executionId?: string | undefined;
}

/** Those that wait, the longest first. */
export async function findWaiting(conductor: Conductor, filter: PendingFilter): Promise<Candidate[]> {
  const { workflowName, correlationId, executionId } = filter;
  const found =
    executionId === undefined
      ? [...(await people(conductor, workflowName)), ...(await signals(conductor, workflowName))]
      : waitingAmong((await findExecution(conductor, executionId)).tasks).map(candidateOf);
  const ofThem = correlationId === undefined ? undefined : await correlated(conductor, correlationId);
  const wanted = ofThem ? found.filter(({ workflowId }) => ofThem.has(workflowId)) : found;
  return wanted.sort(longestFirst);
}

/** The order of candidates; the same for every page. */
export function longestFirst(a: Pick<Candidate, 'since' | 'taskId'>, b: Pick<Candidate, 'since' | 'taskId'>): number {
  return a.since - b.since || (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : 0);
}

/** The tasks themselves with their executions. One that was answered or removed meanwhile is left out. */
export async function readPending(conductor: Conductor, candidates: readonly Candidate[]): Promise<Pending[]> {
  const read = await inParallel(candidates, AT_ONCE, async ({ taskId, workflowId }) => {
    const [task, execution] = await Promise.all([
      orUndefined(conductor.getTask(taskId)),
      orUndefined(conductor.getExecution(workflowId, { includeTasks: false })),
    ]);
    return task && execution && isWaiting(task) ? [{ task, execution }] : [];
  });
  return read.flat();
}

async function people(conductor: Conductor, workflowName: string | undefined): Promise<Candidate[]> {
  const conditions = [
    'taskType=HUMAN',
    'status=IN_PROGRESS',
    ...(workflowName ? [`workflowType=${workflowName}`] : []),
  ];
  const { results } = await conductor.searchTasks({ query: conditions.join(' AND '), size: MOST, oldestFirst: true });
  return results.map(({ taskId, workflowId, startTime }) => ({
    taskId,
    workflowId,
    since: Date.parse(startTime ?? '') || 0,
  }));
}

async function signals(conductor: Conductor, workflowName: string | undefined): Promise<Candidate[]> {
  const defs = (await conductor.listWorkflowDefs()).filter(
    ({ name }) => workflowName === undefined || name === workflowName,
  );
  const names = [...new Set(defs.flatMap(({ tasks }) => signalNames(tasks)))];
  const found = await inParallel(names, AT_ONCE, (name) => conductor.openTasks(name, MOST));
  return found
    .flat()
    .filter((task) => task.taskType === 'WAIT' && isWaiting(task))
    .filter(({ workflowType }) => workflowName === undefined || workflowType === workflowName)
    .map(candidateOf);
}

/** Names of the WAIT tasks without a time of their own, wherever they stand in a definition. */
function signalNames(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(signalNames);
  if (typeof part !== 'object' || part === null) return [];
  const inside = Object.values(part).flatMap(signalNames);
  if (!('type' in part && part.type === 'WAIT' && 'name' in part && typeof part.name === 'string')) return inside;
  const input = 'inputParameters' in part ? part.inputParameters : undefined;
  const timed = typeof input === 'object' && input !== null && ('duration' in input || 'until' in input);
  return timed ? inside : [part.name, ...inside];
}

async function correlated(conductor: Conductor, correlationId: string): Promise<Set<string>> {
  const query = `correlationId=${correlationId} AND status IN (RUNNING,PAUSED)`;
  const { results, totalHits } = await conductor.searchExecutions({ query, size: MOST });
  if (totalHits > MOST) {
    throw new FleetError(
      'input',
      `${totalHits} open executions have this correlationId, which are too many to look through.`,
      {
        remedy: 'Name the workflowName or the executionId as well, without correlationId.',
      },
    );
  }
  return new Set(results.map(({ workflowId }) => workflowId));
}

function candidateOf({ taskId, workflowInstanceId: workflowId, startTime, scheduledTime }: Task): Candidate {
  return { taskId, workflowId, since: startTime || scheduledTime };
}
