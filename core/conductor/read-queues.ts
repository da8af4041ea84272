import type { Conductor } from './api.ts';
import { isForWorkers } from './task-types.ts';
import type { PollData, StoredTaskDef, Task } from './types.ts';

/** A queue of the server. It holds the tasks of one type, in one domain or without a domain. */
export interface QueueName {
  taskType: string;
  /** Empty without a domain. */
  domain: string;
}

/** The server's name for the queue of a type in a domain. */
export function queueNameOf({ taskType, domain }: QueueName): string {
  return domain === '' ? taskType : `${domain}:${taskType}`;
}

/** Splits the server's name of a queue into task type and domain. */
export function queueOf(name: string): QueueName {
  const at = name.indexOf(':');
  return at < 0 ? { taskType: name, domain: '' } : { taskType: name.slice(at + 1), domain: name.slice(0, at) };
}

/** The worker that polled a queue last; the server remembers only this one. `at` is in epoch milliseconds. */
export interface LastPoll {
  workerId: string;
  at: number;
}

/** The last poll of each queue, by the server's name for the queue. */
export function lastPolls(polls: readonly PollData[]): ReadonlyMap<string, LastPoll> {
  const entries = polls.map(({ queueName, domain, workerId, lastPollTime }) => {
    const name = queueNameOf({ taskType: queueName, domain: domain ?? '' });
    return [name, { workerId: workerId ?? '', at: lastPollTime }] as const;
  });
  return new Map(entries);
}

/** What is known about a queue. Times are epoch milliseconds. */
export interface QueueFacts extends QueueName {
  /** Number of tasks to be polled, including those that wait for their retry or callback. */
  waiting: number;
  /** Number of tasks that the server hides for a moment, mostly because their concurrency limit is reached. */
  hidden: number;
  lastPoll?: LastPoll;
  /** Absent if the type has no task definition. */
  def?: StoredTaskDef;
  /** The open tasks of the queue, or the first of them. Absent if they were not read. */
  open?: readonly Task[];
}

/**
 * The state of a queue, the worst first:
 * - `no_worker`: Tasks wait, and no worker polls.
 * - `limited`: Tasks wait, because the concurrency limit of the task definition is reached.
 * - `behind`: Tasks wait, although workers poll.
 * - `delayed`: The waiting tasks are not due yet.
 * - `server`: The server itself executes these tasks.
 * - `working`: Workers execute all due tasks.
 * - `idle`: There are no tasks.
 */
export const queueStates = ['no_worker', 'limited', 'behind', 'delayed', 'server', 'working', 'idle'] as const;
export type QueueState = (typeof queueStates)[number];

export interface QueueVerdict {
  state: QueueState;
  /** Number of tasks that workers have. Absent if open tasks were not read. */
  running?: number;
  /** When the oldest due task became due, in epoch milliseconds. */
  oldestAt?: number;
  /** The concurrency limit of the task definition, if there is one. */
  limit?: number;
}

/** A worker polls at least every few seconds. After this long without a poll, the queue counts as having no worker. */
const POLLED_LATELY_MS = 60_000;
/** A task that has waited no longer than this counts as about to be polled. */
const ON_ITS_WAY_MS = 10_000;

/** True for an internal queue of the server, which holds no tasks. */
export function isInternalQueue(name: string): boolean {
  return name.startsWith('_') || name === 'conductor_system_scheduler';
}

/** Derives the state of a queue from its facts at the time `now`, in epoch milliseconds. */
export function judgeQueue(facts: QueueFacts, now: number): QueueVerdict {
  const { taskType, waiting, hidden, lastPoll, def, open = [] } = facts;
  const mine = open.filter(({ domain }) => (typeof domain === 'string' ? domain : '') === facts.domain);
  const running = mine.filter(({ status }) => status === 'IN_PROGRESS').length;
  const due = mine.filter(({ status }) => status === 'SCHEDULED').map(dueAt);
  const oldestAt = due.filter((at) => at <= now).reduce<number>((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const limit = typeof def?.concurrentExecLimit === 'number' ? def.concurrentExecLimit : 0;
  const known = {
    ...(facts.open && { running }),
    ...(Number.isFinite(oldestAt) && { oldestAt }),
    ...(limit > 0 && { limit }),
  };
  const state = ((): QueueState => {
    if (!isForWorkers({ taskType })) return 'server';
    if (waiting + hidden === 0) return running > 0 ? 'working' : 'idle';
    if (due.length > 0 && !Number.isFinite(oldestAt)) return 'delayed';
    if (!lastPoll || now - lastPoll.at > POLLED_LATELY_MS) return isWorkedOn(mine, now) ? 'behind' : 'no_worker';
    if (limit > 0 && open.filter(({ status }) => status === 'IN_PROGRESS').length >= limit) return 'limited';
    return Number.isFinite(oldestAt) && now - oldestAt <= ON_ITS_WAY_MS ? 'working' : 'behind';
  })();
  return { state, ...known };
}

/** A worker whose slots are all in use does not poll. Its heartbeats show that it works. */
function isWorkedOn(open: readonly Task[], now: number): boolean {
  return open.some(({ status, updateTime }) => status === 'IN_PROGRESS' && now - updateTime < POLLED_LATELY_MS);
}

/** When a task may be polled. After a hand-back, the callback time starts at the task's last change. */
function dueAt({ scheduledTime, updateTime, callbackAfterSeconds }: Task): number {
  return callbackAfterSeconds > 0 ? Math.max(scheduledTime, updateTime) + callbackAfterSeconds * 1000 : scheduledTime;
}

/** Reads the queues of the server, or those of one type, without their tasks and definitions. */
export async function readQueues(conductor: Conductor, taskType?: string): Promise<QueueFacts[]> {
  const [sizes, polls] = await Promise.all([conductor.allQueues(), conductor.allPollData()]);
  const polled = lastPolls(polls);
  const names = new Set([...Object.keys(sizes), ...polled.keys()]);
  const queues = [...names].flatMap((name) => {
    const queue = queueOf(name);
    if (isInternalQueue(name) || (taskType !== undefined && queue.taskType !== taskType)) return [];
    const shards = Object.values(sizes[name] ?? {});
    const total = (key: 'size' | 'uacked') => shards.reduce((sum, shard) => sum + shard[key], 0);
    const lastPoll = polled.get(name);
    return [{ ...queue, waiting: total('size'), hidden: total('uacked'), ...(lastPoll && { lastPoll }) }];
  });
  return queues;
}
