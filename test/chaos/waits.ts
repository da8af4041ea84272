import type { Task } from '../../core/conductor/types.ts';
import type { Delivery, Evidence } from './evidence.ts';
import { covered, type Interval, overlaps } from './intervals.ts';
import { leases } from './load.ts';
import { World } from './world.ts';

/** A time that a task waited, and how it is judged. */
export interface Wait {
  task: Task;
  ms: number;
  /** How much of it the queue stood still although it should have moved. */
  stillMs: number;
  /** True if it was longer than allowed, and no injected fault explains it. */
  isBroken: boolean;
  why: string;
}

/** The waits of all tasks, by stage. */
export interface Waits {
  /** Until a poll took it. */
  queued: Wait[];
  /** From the poll until the handler began: the rest of the poll, or a worker that handed the task back at once. */
  taken: Wait[];
  /** From the moment a worker aborted a task until another worker began it. */
  handedBack: Wait[];
  /** From the end of the handler until the server had the result. */
  reported: Wait[];
  /** Leases that ran out, and why. */
  timedOut: Wait[];
  /** How much later than the end of the lease the server noticed that a task was lost. */
  noticedLate: number[];
  /** Waits in the queue during a kill of the server: tasks that it had taken from the queue for a poll return only when it sweeps the queue. */
  swept: number[];
}

const RETRY_DELAY_MS = 1_000;
/** Tolerance for clocks, timers and a busy machine. */
const SLACK_MS = 1_000;

/** The server continues a long poll whose connection is closed, and may take a task for it, which is then lost. */
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
    noticedLate: [],
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
  if (!first || !last) return; // it ended without a handler; the check of outputs finds that
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
  waits.reported.push({ task, ms, stillMs, isBroken, why: 'its result was not delivered' });
}

function measureLoss(world: World, task: Task, leaseMs: number, waits: Waits): void {
  const deliveries = world.deliveriesOf(task.taskId);
  const [first] = deliveries;
  const { pids, workers } = holders(world, task, deliveries);
  const since = { from: task.startTime - (first ? 0 : LONGEST_POLL_MS), to: task.endTime };
  const ms = task.endTime - task.startTime;
  const wasKilled = pids.some((pid) => world.killedWithin(pid, since));
  const wasCutOff = world.troublesOf(workers).some((trouble) => overlaps(trouble, since));
  const wasLate = first !== undefined && first.from - task.startTime > leaseMs / 2;
  const what = first ? 'its worker' : 'the poll that took it';
  const fate = wasKilled
    ? 'was killed'
    : wasCutOff
      ? 'was cut off'
      : wasLate
        ? 'got it late'
        : 'lived and was connected';
  const isBroken = !wasKilled && !wasCutOff && !wasLate;
  waits.timedOut.push({ task, ms, stillMs: ms, isBroken, why: `${what} ${fate}` });
  waits.noticedLate.push(ms - leaseMs);
}

function inQueue(world: World, task: Task, stretch: Interval, leaseMs: number): Wait {
  const to = Math.max(stretch.from, stretch.to);
  const stillMs = world.standstill(task.taskType, { from: stretch.from, to });
  const isBroken = stillMs > leaseMs + SLACK_MS;
  return { task, ms: to - stretch.from, stillMs, isBroken, why: `no ${task.taskType} was taken while it waited` };
}

/** The workers that had the task: those that ran it, else the one whose poll took it. A worker id ends in its process id. */
function holders(world: World, { workerId }: Task, deliveries: readonly Delivery[]) {
  const pids = [...deliveries.map(({ pid }) => pid), Number(workerId?.split('-').at(-1))];
  return { pids, workers: new Set(pids.map((pid) => world.workerOf(pid))) };
}
