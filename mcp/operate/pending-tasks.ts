import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { isWaiting, waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';
import { findExecution } from '../shared/find-execution.ts';

/*
 * All tasks on the server that wait for a person or a signal.
 *
 * The server's task index has a HUMAN task as soon as it waits, but a WAIT task only after it has ended. WAIT tasks are therefore
 * searched by their names in the registered definitions. A WAIT task of an unregistered definition is found only through the id of
 * its execution.
 */

/** At most this many tasks of one kind are read, the oldest first. */
const MOST = 1000;
const AT_ONCE = 8;

/** A waiting task as the index or queue shows it. */
export interface Candidate {
  readonly taskId: string;
  readonly workflowId: string;
  /** Start of the wait, epoch milliseconds. */
  readonly since: number;
}

/** A waiting task with its execution. The execution's list of tasks is not read. */
export interface Pending {
  readonly task: Task;
  readonly execution: Execution;
}

export interface PendingFilter {
  readonly workflowName?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly executionId?: string | undefined;
}

/** The waiting tasks that match the filter, the longest wait first. */
export async function findWaiting(conductor: Conductor, filter: PendingFilter): Promise<Candidate[]> {
  const { workflowName, correlationId, executionId } = filter;
  const found =
    executionId === undefined
      ? [...(await humanTasks(conductor, workflowName)), ...(await waitTasks(conductor, workflowName))]
      : waitingAmong((await findExecution(conductor, executionId)).tasks).map(candidateOf);
  const ofThem = correlationId === undefined ? undefined : await executionsOfCorrelation(conductor, correlationId);
  const wanted = ofThem ? found.filter(({ workflowId }) => ofThem.has(workflowId)) : found;
  return wanted.sort(longestFirst);
}

/** Sorts candidates in the same order for every page. */
export function longestFirst(a: Pick<Candidate, 'since' | 'taskId'>, b: Pick<Candidate, 'since' | 'taskId'>): number {
  return a.since - b.since || (a.taskId < b.taskId ? -1 : a.taskId > b.taskId ? 1 : 0);
}

/** Reads the tasks and their executions. Leaves out tasks that were answered or removed in the meantime. */
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

async function humanTasks(conductor: Conductor, workflowName: string | undefined): Promise<Candidate[]> {
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

async function waitTasks(conductor: Conductor, workflowName: string | undefined): Promise<Candidate[]> {
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

/** Names of the WAIT tasks without a duration or end time, at any depth of a definition. */
function signalNames(part: unknown): string[] {
  if (Array.isArray(part)) return part.flatMap(signalNames);
  if (typeof part !== 'object' || part === null) return [];
  const inside = Object.values(part).flatMap(signalNames);
  if (!('type' in part && part.type === 'WAIT' && 'name' in part && typeof part.name === 'string')) return inside;
  const input = 'inputParameters' in part ? part.inputParameters : undefined;
  const timed = typeof input === 'object' && input !== null && ('duration' in input || 'until' in input);
  return timed ? inside : [part.name, ...inside];
}

async function executionsOfCorrelation(conductor: Conductor, correlationId: string): Promise<Set<string>> {
  const query = `correlationId=${correlationId} AND status IN (RUNNING,PAUSED)`;
  const { results, totalHits } = await conductor.searchExecutions({ query, size: MOST });
  if (totalHits > MOST) {
    throw new FleetError(
      'input',
      `${totalHits} open executions have this correlationId; at most ${MOST} can be searched.`,
      { remedy: 'Leave correlationId out, and filter by workflowName or executionId instead.' },
    );
  }
  return new Set(results.map(({ workflowId }) => workflowId));
}

function candidateOf({ taskId, workflowInstanceId: workflowId, startTime, scheduledTime }: Task): Candidate {
  return { taskId, workflowId, since: startTime || scheduledTime };
}
