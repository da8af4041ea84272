import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isContainer, isForWorkers } from '../../core/conductor/task-types.ts';
import { type Execution, hasEnded, isOpenTask, type PollData, type Task } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';

/** What is read to find a cause. */
export type Reads = Pick<Conductor, 'getExecution' | 'queueSizes' | 'pollData'>;

/** The queue of a task that nobody has taken. */
export interface Queue {
  readonly waiting: number;
  /** Of all domains. */
  readonly polls: readonly PollData[];
}

/** A task that has not ended, and the execution it belongs to. */
export interface Leaf {
  readonly execution: Execution;
  readonly task?: Task;
}

/** Everything that a cause is judged by, read once. */
export interface Facts {
  /** The execution that was asked about. */
  readonly asked: Execution;
  /** From the execution the cause was looked for in, down through sub-workflows to the one it lies in. */
  readonly chain: readonly Execution[];
  /** Of an execution that goes on: where it stands, in all its sub-workflows. */
  readonly leaves: readonly Leaf[];
  /** By `queueOf` of the task. */
  readonly queues: Readonly<Record<string, Queue>>;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Sub-workflows that call each other end somewhere; this is where looking ends. */
const DEEPEST = 10;
const MOST_CHILDREN = 10;
const MOST_QUEUES = 5;

const ENDED_BY_PARENT = 'Parent workflow has been terminated';

/** Reads an execution and what its cause can be seen by: its parent or children, the queues it waits in. */
export async function readFacts(reads: Reads, executionId: string, now: number): Promise<Facts> {
  const asked = await reads.getExecution(executionId);
  const top = (await endingParent(reads, asked)) ?? asked;
  const chain = await chainOfFailures(reads, top);
  const root = chain.at(-1) ?? asked;
  const leaves = hasEnded(root.status) ? [] : await leavesOf(reads, root);
  return { asked, chain, leaves, queues: await queuesOf(reads, leaves), now };
}

/** The failed task that ended an execution: the one its reason names, unless that only failed because of another. */
export function failedTaskOf(execution: Execution): Task | undefined {
  const { tasks, reasonForIncompletion: reason } = execution;
  const named = /Task ([0-9a-f-]{36})/.exec(reason ?? '')?.[1];
  const found = tasks.find(({ taskId }) => taskId === named);
  if (found && !isContainer(found.taskType)) return found;
  const failed = latestAttempts(tasks)
    .filter(hasFailed)
    .sort((a, b) => a.endTime - b.endTime);
  return failed.find(({ taskType }) => !isContainer(taskType)) ?? found ?? failed[0];
}

/** The queue that a task waits in. */
export function queueOf({ taskType, domain }: Task): string {
  return typeof domain === 'string' && domain !== '' ? `${domain}:${taskType}` : taskType;
}

export function hasFailed({ status }: Task): boolean {
  return status === 'FAILED' || status === 'FAILED_WITH_TERMINAL_ERROR' || status === 'TIMED_OUT';
}

/** The outermost execution whose end ended this one. */
async function endingParent(reads: Reads, asked: Execution): Promise<Execution | undefined> {
  let found: Execution | undefined;
  for (let one = asked, depth = 0; depth < DEEPEST; depth++) {
    const { status, parentWorkflowId: parent, reasonForIncompletion: reason } = one;
    if (status !== 'TERMINATED' || !parent || !reason?.startsWith(ENDED_BY_PARENT)) break;
    const above = await orUndefined(reads.getExecution(parent));
    if (!above) break;
    found = above;
    one = above;
  }
  return found;
}

/** Follows failed sub-workflows down to the execution whose own task failed; the first of the list is `top`. */
export async function chainOfFailures(reads: Pick<Reads, 'getExecution'>, top: Execution): Promise<Execution[]> {
  const chain = [top];
  for (let last = top; chain.length < DEEPEST && last.status !== 'COMPLETED'; ) {
    const child = hasEnded(last.status) ? failedTaskOf(last)?.subWorkflowId : undefined;
    if (!child || chain.some(({ workflowId }) => workflowId === child)) break;
    const below = await orUndefined(reads.getExecution(child));
    if (!below) break;
    chain.push(below);
    last = below;
  }
  return chain;
}

async function leavesOf(reads: Reads, root: Execution): Promise<Leaf[]> {
  const leaves: Leaf[] = [];
  const level = [root];
  for (let read = 0; level.length > 0; ) {
    const execution = level.shift() as Execution; // it is not empty
    const open = openTasks(execution);
    const children = open.flatMap(({ taskType, subWorkflowId: id }) => (taskType === 'SUB_WORKFLOW' && id ? [id] : []));
    for (const id of children.slice(0, Math.max(0, MOST_CHILDREN - read))) {
      read++;
      const child = await orUndefined(reads.getExecution(id));
      if (child && !hasEnded(child.status)) level.push(child);
    }
    const own = open.filter(({ taskType, subWorkflowId: id }) => !(taskType === 'SUB_WORKFLOW' && id));
    const stops = open.length === 0 || execution.status === 'PAUSED';
    leaves.push(...(stops ? [leafOf(execution, open[0])] : own.map((task) => ({ execution, task }))));
  }
  return leaves;
}

function leafOf(execution: Execution, task: Task | undefined): Leaf {
  return { execution, ...(task && { task }) };
}

/** What has been scheduled and not ended, containers only where nothing inside them is open. */
function openTasks({ tasks }: Execution): Task[] {
  const open = latestAttempts(tasks).filter(isOpenTask);
  const inner = open.filter(({ taskType }) => !isContainer(taskType));
  return inner.length > 0 ? inner : open;
}

async function queuesOf(reads: Reads, leaves: readonly Leaf[]): Promise<Facts['queues']> {
  const waiting = leaves.flatMap(({ task }) => (task?.status === 'SCHEDULED' && isForWorkers(task) ? [task] : []));
  const names = [...new Map(waiting.map((task) => [queueOf(task), task.taskType]))].slice(0, MOST_QUEUES);
  const read = names.map(async ([queue, type]) => {
    const [sizes, polls] = await Promise.all([reads.queueSizes([queue]), reads.pollData(type)]);
    return [queue, { waiting: sizes[queue] ?? 0, polls }] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
