import type { Task } from '../../core/conductor/types.ts';
import type { Delivery, Evidence } from './evidence.ts';
import { covered, type Interval, overlaps } from './intervals.ts';
import { leases } from './load.ts';
import { World } from './world.ts';

/** A period in which a task waited, and the verdict on it. */
export interface Wait {
  task: Task;
  ms: number;
  /** How long the queue stood still although a worker could have taken a task. */
  stillMs: number;
  /** True if the wait was longer than allowed and no injected fault explains it. */
  isBroken: boolean;
  why: string;
}

/** The waits of all tasks, by stage. */
export interface Waits {
  /** From the time when the task was due until a poll took it. */
  queued: Wait[];
  /** From the poll until the handler began. It is long if the poll ends late or if a worker hands the task back at once. */
  taken: Wait[];
  /** From the moment when a worker aborted the task until the next handler began. */
  handedBack: Wait[];
  /** From the end of the handler until the server had the result. */
  reported: Wait[];
  /** Leases that ran out, and why. */
  timedOut: Wait[];
  /** From the end of the lease until the server noticed that the task was lost. */
  noticed: Wait[];
  /**
   * Waits in the queue during which the server was killed. If the server had just taken a task from the queue for a poll, the task
   * returns only when the server sweeps the queue.
   */
  swept: number[];
}

const RETRY_DELAY_MS = 1_000;
/** Tolerance for clocks, timers and a busy machine. */
const SLACK_MS = 1_000;

/** What the documents promise: a task waits at most this much longer than its lease. */
const NOTICED_WITHIN_MS = 10_000;

/**
 * When the connection of a long poll closes, the server continues the poll. It may take a task for this poll, and the task is then
 * lost.
 */
const LONGEST_POLL_MS = 5_000;

/** Measures the waits of every attempt of every task. */
export function measureWaits(evidence: Evidence): Waits {
  const world = new World(evidence);
  const waits: Waits = {
    queued: [],
    taken: [],
    handedBack: [],
    reported: [],
    timedOut: [],
    noticed: [],
    swept: [],
  };
  for (const task of evidence.executions.flatMap(({ tasks }) => tasks)) {
    const leaseMs = leases.get(task.taskType);
    if (leaseMs === undefined || task.startTime === 0) continue;
    measureQueue(world, task, leaseMs, waits);
    if (task.status === 'TIMED_OUT') measureLoss(world, task, leaseMs, waits);
    else measureHold(world, task, leaseMs, waits);
  }
  return waits;
}

function measureQueue(world: World, task: Task, leaseMs: number, waits: Waits): void {
  const delay = task.retryCount > 0 ? RETRY_DELAY_MS : 0;
  const wait = inQueue(world, task, { from: task.scheduledTime + delay, to: task.startTime }, leaseMs);
  const overKill = world.serverOutages.some((outage) =>
    overlaps(outage, { from: task.scheduledTime, to: task.startTime }),
  );
  if (wait.isBroken && overKill) waits.swept.push(wait.ms);
  else waits.queued.push(wait);
}

function measureHold(world: World, task: Task, leaseMs: number, waits: Waits): void {
  const deliveries = world.deliveriesOf(task.taskId);
  const [first] = deliveries;
  const last = deliveries.at(-1);
  if (!first || !last) return; // no handler ran, which the check of outputs reports
  waits.taken.push(inQueue(world, task, { from: task.startTime, to: first.from }, leaseMs));
  for (const [index, { from }] of deliveries.slice(1).entries()) {
    const before = deliveries[index];
    if (before?.end === 'aborted') waits.handedBack.push(inQueue(world, task, { from: before.to, to: from }, leaseMs));
  }
  const { pids, workers } = holders(world, task, deliveries);
  const after = { from: last.to, to: Math.max(last.to, task.endTime) };
  const ms = after.to - after.from;
  const stillMs = ms - covered(after, world.troublesOf(workers));
  const wasKilled = pids.some((pid) => world.killedWithin(pid, after));
  const isBroken = stillMs > leaseMs + SLACK_MS && !wasKilled;
  waits.reported.push({ task, ms, stillMs, isBroken, why: 'its worker did not deliver the result' });
}

/**
 * A lost lease is the product's fault unless its worker was killed, was cut off, or got the task late, or the server dropped a result that
 * it had answered with 200. This happens if the server writes the task back as it read it before, for example while it decides the execution.
 * Before half of the lease no worker sends a heartbeat, so a heartbeat cannot have undone such a result.
 */
function measureLoss(world: World, task: Task, leaseMs: number, waits: Waits): void {
  const deliveries = world.deliveriesOf(task.taskId);
  const [first] = deliveries;
  const { pids, workers } = holders(world, task, deliveries);
  const since = { from: task.startTime - (first ? 0 : LONGEST_POLL_MS), to: task.endTime };
  const ms = task.endTime - task.startTime;
  const acceptedMs = (world.accepted.get(task.taskId) ?? Number.POSITIVE_INFINITY) - task.startTime;
  const excuses = {
    'was killed': pids.some((pid) => world.killedWithin(pid, since)),
    'was cut off': world.troublesOf(workers).some((trouble) => overlaps(trouble, since)),
    'got it late': first !== undefined && first.from - task.startTime > leaseMs / 2,
    'delivered its result, which the server dropped': acceptedMs < leaseMs / 2,
  };
  const excuse = Object.entries(excuses).find(([, holds]) => holds)?.[0];
  const why = `${first ? 'its worker' : 'the poll that took it'} ${excuse ?? 'lived and was connected'}`;
  const isBroken = excuse === undefined;
  waits.timedOut.push({ task, ms, stillMs: ms, isBroken, why });
  waits.noticed.push(untilNoticed(world, task, leaseMs));
}

/** The worker processes have a lost task noticed while one of them reaches the server. Each outage gives them the whole time again. */
function untilNoticed(world: World, task: Task, leaseMs: number): Wait {
  const stretch = { from: (task.updateTime || task.startTime) + leaseMs, to: task.endTime };
  const outages = world.nobodyPolls.filter((outage) => overlaps(outage, stretch)).map(({ to }) => to);
  const stillMs = Math.max(0, stretch.to - Math.max(stretch.from, ...outages));
  const isBroken = stillMs > NOTICED_WITHIN_MS;
  return {
    task,
    ms: stretch.to - stretch.from,
    stillMs,
    isBroken,
    why: 'its lease was over and the server did not notice',
  };
}

function inQueue(world: World, task: Task, stretch: Interval, leaseMs: number): Wait {
  const to = Math.max(stretch.from, stretch.to);
  const stillMs = world.standstill(task.taskType, { from: stretch.from, to });
  const isBroken = stillMs > leaseMs + SLACK_MS;
  return { task, ms: to - stretch.from, stillMs, isBroken, why: `workers took no ${task.taskType} while it waited` };
}

/** Returns the workers that had the task: those that ran it and the worker whose poll took it. A worker id ends in the process id. */
function holders(world: World, { workerId }: Task, deliveries: readonly Delivery[]) {
  const pids = [...deliveries.map(({ pid }) => pid), Number(workerId?.split('-').at(-1))];
  return { pids, workers: new Set(pids.map((pid) => world.workerOf(pid))) };
}
