import { hostname } from 'node:os';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Task } from '../../core/conductor/types.ts';
import type { Config } from '../../core/config.ts';
import type { Worker, WorkerSettings } from '../../core/contract.ts';
import { endsWithin } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { execute, type Outcome } from './execute.ts';
import { Poller, type PollerState } from './poller.ts';
import { report } from './report.ts';
import { toTaskResult } from './result.ts';
import { ProcessSlots } from './slots.ts';

/**
 * One worker process: a poller per task type over shared slots.
 *
 * Life: `running` → stop() → `draining` (no new tasks, running ones go on) → deadline → running ones are aborted and handed back →
 * `stopped`. A task this process holds is always answered before it is `stopped`, unless the server cannot be reached.
 */
export interface Fleet {
  readonly workerId: string;
  status(): FleetStatus;
  /** Takes no more tasks, waits for the running ones up to the configured time, then hands them back. */
  stop(): Promise<void>;
}

export interface FleetStatus {
  state: 'running' | 'draining' | 'stopped';
  running: number;
  limit: number;
  types: { name: string; state: PollerState; running: number; lastAnswerAt: number }[];
}

export interface FleetOptions {
  workers: readonly Worker[];
  conductor: Conductor;
  config: Pick<
    Config,
    'workerConcurrency' | 'workerBatchSize' | 'workerPollIntervalMs' | 'workerDrainSeconds' | 'workers'
  >;
  settings: WorkerSettings;
  log: Logger;
}

/** After the deadline: how long aborted handlers and the last reports may take. */
const LAST_REPORTS_MS = 5_000;

/** Starts polling for every worker's task type. */
export function startFleet({ workers, conductor, config, settings, log }: FleetOptions): Fleet {
  const workerId = `${hostname()}-${process.pid}`;
  const slots = new ProcessSlots(config.workerConcurrency);
  const stopPolling = new AbortController();
  const stopWork = new AbortController();
  const giveUp = new AbortController();
  let state: FleetStatus['state'] = 'running';

  const answer = async (task: Task, outcome: Outcome, taskLog: Logger) => {
    await report(conductor, toTaskResult(task, outcome, workerId), taskLog, giveUp.signal);
  };
  const handle = async (worker: Worker, task: Task) => {
    const taskLog = log.child(taskFields(task));
    taskLog.debug('task started');
    const outcome = await execute(worker, task, { log: taskLog, settings, stop: stopWork.signal });
    if (outcome.kind === 'failed')
      taskLog.warn({ retryable: outcome.retryable, reason: outcome.reason }, 'task failed');
    else taskLog.debug({ outcome: outcome.kind }, 'task ended');
    await answer(task, outcome, taskLog);
  };

  const pollers = workers.map((worker) => {
    const own = config.workers[worker.name] ?? {};
    return new Poller({
      worker,
      conductor,
      slots: slots.forType(own.concurrency ?? config.workerConcurrency),
      batchSize: own.batchSize ?? config.workerBatchSize,
      pollIntervalMs: own.pollIntervalMs ?? config.workerPollIntervalMs,
      workerId,
      log,
      stop: stopPolling.signal,
      handle: (task) => handle(worker, task),
      handBack: (task) => answer(task, { kind: 'handed-back' }, log.child(taskFields(task))),
    });
  });
  const polling = Promise.all(pollers.map((poller) => poller.run()));

  const drain = async () => {
    state = 'draining';
    stopPolling.abort();
    slots.freed();
    if (slots.running > 0) log.info({ running: slots.running }, 'waiting for running tasks');
    // One deadline for polls under way and tasks: whoever told the process to stop counts from there.
    await endsWithin(
      config.workerDrainSeconds * 1000,
      polling.then(() => slots.idle()),
    );
    stopWork.abort(new Error('the worker process stops'));
    await endsWithin(LAST_REPORTS_MS, slots.idle());
    giveUp.abort();
    if (slots.running > 0)
      log.error({ running: slots.running }, 'stopped with tasks that did not end; their leases will run out');
    state = 'stopped';
  };
  let stopping: Promise<void> | undefined;

  return {
    workerId,
    status: () => ({
      state,
      running: slots.running,
      limit: slots.limit,
      types: pollers.map(({ name, state, running, lastAnswerAt }) => ({ name, state, running, lastAnswerAt })),
    }),
    stop: () => (stopping ??= drain()),
  };
}

function taskFields(task: Task): Record<string, unknown> {
  return {
    taskType: task.taskType,
    workflowId: task.workflowInstanceId,
    taskId: task.taskId,
    attempt: task.retryCount + 1,
  };
}
