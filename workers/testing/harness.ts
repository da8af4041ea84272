import type { z } from 'zod';
import { createConductor } from '../../core/conductor/api.ts';
import type { Call } from '../../core/conductor/caller.ts';
import { type Task, type TaskResult, taskSchema } from '../../core/conductor/types.ts';
import type { AbortReason, TaskContext, Worker, WorkerSettings } from '../../core/contract.ts';
import { createForwarder, type LogMessage, silentLogger } from '../../core/log.ts';
import { Events } from '../runtime/events.ts';
import { toTaskResult } from '../runtime/report/task-result.ts';
import { Attempt } from '../runtime/run/attempt.ts';
import { execute, type Outcome } from '../runtime/run/execute.ts';
import { TaskLeases } from '../runtime/run/task-leases.ts';
import { Clock, holdClocks } from './clock.ts';

export interface TaskRunOptions {
  /** Which try it is; 1 is the first. */
  attempt?: number;
  taskId?: string;
  taskReferenceName?: string;
  workflowId?: string;
  /** What an earlier delivery of this attempt had shown as progress. */
  previousOutput?: Record<string, unknown>;
  /** Settings that the handler shall see in place of the defaults. */
  settings?: Partial<WorkerSettings>;
  /** In place of the limit and the lease of the definition, as an operator may change them on the server. */
  timeoutSeconds?: number;
  responseTimeoutSeconds?: number;
}

/** What the server and the logs have heard of a run; it fills while the handler runs. */
export interface TaskRunRecord {
  /** What `context.progress` has shown. */
  readonly progress: Record<string, unknown>[];
  /** What `context.addLog` has added. */
  readonly logs: string[];
  /** What `context.log` has written. */
  readonly logLines: Pick<LogMessage, 'level' | 'fields' | 'text'>[];
  /** The updates that kept the lease. */
  readonly heartbeats: TaskResult[];
}

export interface TaskRunResult<O> extends TaskRunRecord {
  readonly outcome: Outcome;
  /** What the server would be told; nothing of a task that was cancelled. */
  readonly result: TaskResult | undefined;
  /** The output of a task that was completed. */
  readonly output: O | undefined;
}

/** A run under way. It is a promise of how it ends, which never rejects because of the handler. */
export interface TaskRun<O> extends Promise<TaskRunResult<O>>, TaskRunRecord {
  /**
   * Lets so many milliseconds pass at once, for this run only: what waits in the handler goes on, heartbeats are sent, the time limit of
   * the task strikes. Waiting for anything but time, such as a socket, still takes its time.
   */
  advance(ms: number): Promise<void>;
  /** Aborts the handler's signal, as the runtime does. */
  abort(reason: AbortReason): void;
}

/**
 * Runs the handler of a worker as a worker process does, without a server: the input and the output are parsed, the time limit, the
 * lease and the abort are the real ones. A handler that wants a thread runs in this one.
 *
 * Its clock goes like the real one until `advance` moves it. It depends on no test runner; under `vi.useFakeTimers()` the time of the run
 * moves with `vi.advanceTimersByTimeAsync` as well.
 * @example
 *   const { output } = await runTask(worker, { name: 'Ada' });
 * @example
 *   const run = runTask(worker, { name: 'Ada' }, { timeoutSeconds: 60 });
 *   await run.advance(60_000);
 *   expect((await run).outcome).toMatchObject({ kind: 'failed', retryable: true });
 * @param input what the server would hand over; it is checked by the task's schema, not by the compiler
 */
export function runTask<I extends z.ZodType, O extends z.ZodType>(
  worker: Worker<I, O>,
  input: Readonly<Record<string, unknown>>,
  options: TaskRunOptions = {},
): TaskRun<z.output<O>> {
  const giveBackClocks = holdClocks();
  const clock = new Clock();
  const release = () => {
    clock.close();
    giveBackClocks();
  };
  const record: TaskRunRecord = { progress: [], logs: [], logLines: [], heartbeats: [] };
  try {
    const attempt = clock.run(
      () => new Attempt(worker as unknown as Worker, taskOf(worker.name, input, options, clock.epoch())),
    );
    const ended = clock.run(() => runAttempt(attempt, record, options)) as Promise<TaskRunResult<z.output<O>>>;
    return Object.assign(ended.finally(release), record, {
      advance: (ms: number) => clock.advance(ms),
      abort: (reason: AbortReason) => clock.run(() => attempt.abort(reason)),
    });
  } catch (error) {
    release();
    throw error;
  }
}

const WORKER_ID = 'harness';

/** What workers read where nothing is configured. */
const defaultSettings: WorkerSettings = {
  shopUrl: 'http://127.0.0.1:8090',
  filesRoot: '.',
  outputDir: '.fleet/output',
};

/** As the server sends it, through JSON. */
function taskOf(name: string, input: object, options: TaskRunOptions, now: number): Task {
  const { attempt = 1, previousOutput = {}, timeoutSeconds, responseTimeoutSeconds } = options;
  const task = {
    taskId: options.taskId ?? 'task-1',
    taskType: name,
    referenceTaskName: options.taskReferenceName ?? name,
    workflowInstanceId: options.workflowId ?? 'workflow-1',
    status: 'IN_PROGRESS',
    inputData: input,
    outputData: previousOutput,
    retryCount: attempt - 1,
    scheduledTime: now,
    startTime: now,
    ...(responseTimeoutSeconds !== undefined && { responseTimeoutSeconds }),
    ...(timeoutSeconds !== undefined && { taskDefinition: { timeoutSeconds } }),
  };
  return taskSchema.parse(JSON.parse(JSON.stringify(task)));
}

async function runAttempt(
  attempt: Attempt,
  record: TaskRunRecord,
  options: TaskRunOptions,
): Promise<TaskRunResult<unknown>> {
  const leases = leasesOf(record);
  const addLog = attempt.addLog.bind(attempt);
  attempt.addLog = (line) => {
    record.logs.push(line);
    addLog(line);
  };
  leases.hold(attempt);
  const log = createForwarder(({ level, fields, text }) => void record.logLines.push({ level, fields, text }));
  const outcome = await execute(attempt, {
    log,
    settings: { ...defaultSettings, ...options.settings },
    showProgress: (output) => {
      attempt.progress = output;
      record.progress.push(output);
      return leases.beat(attempt);
    },
    inThread: (input, context) => asInThread(attempt, input, context),
  });
  leases.release(attempt);
  return {
    ...record,
    outcome,
    result: outcome.kind === 'cancelled' ? undefined : toTaskResult(attempt, outcome, WORKER_ID),
    output: outcome.kind === 'completed' ? outcome.output : undefined,
  };
}

/** Keeps the lease at a server that takes every update and has nothing to say. */
function leasesOf({ heartbeats }: TaskRunRecord): TaskLeases {
  const answer = ({ path, body, params }: Call<z.ZodType>): unknown => {
    if (path === '/api/tasks/{taskId}') return { ...taskOf('', {}, {}, Date.now()), taskId: params?.taskId };
    if (path === '/api/tasks') heartbeats.push(body as TaskResult);
    return '';
  };
  const conductor = createConductor({
    serverUrl: 'http://harness/api',
    call: async (call) => call.answer.parse(answer(call)),
    close: () => undefined,
  });
  return new TaskLeases({ conductor, workerId: WORKER_ID, events: new Events(silentLogger) });
}

/** A thread is ended rather than aborted, and what goes in and out of it is copied. */
async function asInThread(attempt: Attempt, input: unknown, context: TaskContext): Promise<unknown> {
  const ended = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true });
  });
  const { signal } = new AbortController();
  const returned = attempt.worker.execute(structuredClone(input), { ...context, signal });
  return structuredClone(await Promise.race([returned, ended]));
}
