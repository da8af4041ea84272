import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isContainer, isForWorkers } from '../../core/conductor/task-types.ts';
import { type Execution, hasEnded, isOpenTask, type PollData, type Task } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';

/** The server calls that a diagnosis makes. */
export type Reads = Pick<Conductor, 'getExecution' | 'queueSizes' | 'pollData'>;

/** The queue of a task that no worker has taken. */
export interface Queue {
  readonly waiting: number;
  /** The last polls, of all domains. */
  readonly polls: readonly PollData[];
}

/** A point that an open execution has reached. Without a task, the execution is paused or between two tasks. */
export interface OpenPoint {
  readonly execution: Execution;
  readonly task?: Task;
}

/** All facts that a diagnosis needs. They are read once, before the diagnosis begins. */
export interface Facts {
  /** The execution that the caller asked about. */
  readonly asked: Execution;
  /** From the outermost execution down through sub-workflows to the execution with the root cause. */
  readonly chain: readonly Execution[];
  /** Empty if the execution has ended. */
  readonly openPoints: readonly OpenPoint[];
  /** The keys are names of queues, as `queueOf` returns them. */
  readonly queues: Readonly<Record<string, Queue>>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The reads are limited, because sub-workflows that call each other could nest without end. */
const DEEPEST = 10;
const MOST_CHILDREN = 10;
const MOST_QUEUES = 5;

const ENDED_BY_PARENT = 'Parent workflow has been terminated';

/** Reads an execution, and its parents, sub-workflows and queues as far as they can show the cause. */
export async function readFacts(reads: Reads, executionId: string, now: number): Promise<Facts> {
  const asked = await reads.getExecution(executionId);
  const outermost = await outermostEnded(reads, asked);
  const chain = await chainOfFailures(reads, outermost);
  const root = chain.at(-1) ?? asked;
  const openPoints = hasEnded(root.status) ? [] : await readOpenPoints(reads, root);
  return { asked, chain, openPoints, queues: await queuesOf(reads, openPoints), now };
}

/**
 * The failed task that ended an execution: the task that the execution's reason names. If that task is a container, it is the failed
 * task inside, or else the cancelled task inside.
 */
export function failedTaskOf(execution: Execution): Task | undefined {
  const { tasks, reasonForIncompletion: reason } = execution;
  const named = /Task ([0-9a-f-]{36})/.exec(reason ?? '')?.[1];
  const found = tasks.find(({ taskId }) => taskId === named);
  if (found && !isContainer(found.taskType)) return found;
  const latest = latestAttempts(tasks).sort((a, b) => a.endTime - b.endTime);
  const failed = latest.filter(hasFailed);
  const inside = [...failed, ...latest.filter((task) => hasCancelled(task, found))];
  return inside.find(({ taskType }) => !isContainer(taskType)) ?? found ?? failed[0];
}

/**
 * True if the cancelled task ended the container. The server then repeats the task's reason in the container's. It cancels the tasks that
 * are still open afterwards without a reason.
 */
function hasCancelled({ status, reasonForIncompletion: reason }: Task, container: Task | undefined): boolean {
  return status === 'CANCELED' && !!reason && !!container?.reasonForIncompletion?.includes(reason);
}

/** The name of the queue that a task waits in. */
export function queueOf({ taskType, domain }: Task): string {
  return typeof domain === 'string' && domain !== '' ? `${domain}:${taskType}` : taskType;
}

export function hasFailed({ status }: Task): boolean {
  return status === 'FAILED' || status === 'FAILED_WITH_TERMINAL_ERROR' || status === 'TIMED_OUT';
}

/** The outermost parent whose termination also ended this execution; the execution itself if there is none. */
async function outermostEnded(reads: Reads, asked: Execution): Promise<Execution> {
  let found = asked;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const id = endingParentOf(found);
    const parent = id && (await orUndefined(reads.getExecution(id)));
    if (!parent) break;
    found = parent;
  }
  return found;
}

/** The id of the parent whose termination ended this execution. */
function endingParentOf({ status, parentWorkflowId, reasonForIncompletion: reason }: Execution): string | undefined {
  return status === 'TERMINATED' && reason?.startsWith(ENDED_BY_PARENT) ? (parentWorkflowId ?? undefined) : undefined;
}

/** The executions from `outermost` down through failed sub-workflows to the execution whose own task failed. */
export async function chainOfFailures(reads: Pick<Reads, 'getExecution'>, outermost: Execution): Promise<Execution[]> {
  const chain = [outermost];
  let last = outermost;
  while (chain.length < DEEPEST && hasEnded(last.status) && last.status !== 'COMPLETED') {
    const id = failedTaskOf(last)?.subWorkflowId;
    if (!id || chain.some(({ workflowId }) => workflowId === id)) break;
    const child = await orUndefined(reads.getExecution(id));
    if (!child) break;
    chain.push(child);
    last = child;
  }
  return chain;
}

/** Finds the points that an open execution and its sub-workflows have reached. */
async function readOpenPoints(reads: Reads, root: Execution): Promise<OpenPoint[]> {
  const points: OpenPoint[] = [];
  const open = [root]; // the loop appends to this list: breadth first
  let childrenRead = 0;
  for (const execution of open) {
    const tasks = openTasks(execution);
    const children = tasks.flatMap((task) => openChildOf(task) ?? []).slice(0, MOST_CHILDREN - childrenRead);
    childrenRead += children.length;
    for (const id of children) {
      const child = await orUndefined(reads.getExecution(id));
      if (child && !hasEnded(child.status)) open.push(child);
    }
    const [task] = tasks;
    if (!task || execution.status === 'PAUSED') points.push({ execution, ...(task && { task }) });
    else points.push(...tasks.filter((one) => !openChildOf(one)).map((one) => ({ execution, task: one })));
  }
  return points;
}

function openChildOf({ taskType, subWorkflowId }: Task): string | undefined {
  return taskType === 'SUB_WORKFLOW' && subWorkflowId ? subWorkflowId : undefined;
}

/** Tasks that are scheduled or running. Containers count only if no task inside is open. */
function openTasks({ tasks }: Execution): Task[] {
  const open = latestAttempts(tasks).filter(isOpenTask);
  const inner = open.filter(({ taskType }) => !isContainer(taskType));
  return inner.length > 0 ? inner : open;
}

async function queuesOf(reads: Reads, points: readonly OpenPoint[]): Promise<Facts['queues']> {
  const waiting = points.flatMap(({ task }) => (task?.status === 'SCHEDULED' && isForWorkers(task) ? [task] : []));
  const names = [...new Map(waiting.map((task) => [queueOf(task), task.taskType]))].slice(0, MOST_QUEUES);
  const read = names.map(async ([queue, type]) => {
    const [sizes, polls] = await Promise.all([reads.queueSizes([queue]), reads.pollData(type)]);
    return [queue, { waiting: sizes[queue] ?? 0, polls }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
