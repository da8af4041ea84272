import type { z } from 'zod';
import { createConductor } from '../../core/conductor/api.ts';
import type { Call } from '../../core/conductor/connection/caller.ts';
import { type Task, type TaskResult, taskSchema } from '../../core/conductor/types.ts';
import type { AbortReason, TaskContext, Worker, WorkerSettings } from '../../core/contract.ts';
import { createForwarder, type LogMessage, silentLogger } from '../../core/log.ts';
import { Events } from '../runtime/events.ts';
import { toTaskResult } from '../runtime/report/task-result.ts';
import { Attempt } from '../runtime/run/attempt.ts';
import { execute, type Outcome } from '../runtime/run/execute.ts';
import { TaskLeases } from '../runtime/run/task-leases.ts';
import { Clock, holdClocks } from './clock.ts';

/** How a run differs from the first attempt of a task with the settings of its definition. */
export interface TaskRunOptions {
  /** Default 1, the first attempt. */
  attempt?: number;
  taskId?: string;
  taskReferenceName?: string;
  workflowId?: string;
  /** What an earlier delivery of this attempt reported as progress. */
  previousOutput?: Record<string, unknown>;
  /** Settings that the handler gets instead of the defaults. */
  settings?: Partial<WorkerSettings>;
  /** These values replace the time limit and the lease of the definition, as if an operator had changed them on the server. */
  timeoutSeconds?: number;
  responseTimeoutSeconds?: number;
}

/** What a run has reported to the server and to the logs. It grows while the handler runs. */
export interface TaskRunRecord {
  /** The outputs that the handler gave to `context.progress`. */
  readonly progress: Record<string, unknown>[];
  /** The lines that the handler gave to `context.addLog`. */
  readonly logs: string[];
  /** The lines that `context.log` has written. */
  readonly logLines: Pick<LogMessage, 'level' | 'fields' | 'text'>[];
  /** The updates that extended the lease. */
  readonly heartbeats: TaskResult[];
}

/** How a run ended, and what it has reported. */
export interface TaskRunResult<O> extends TaskRunRecord {
  readonly outcome: Outcome;
  /** The result that the server would get; undefined for a cancelled task. */
  readonly result: TaskResult | undefined;
  /** The output, if the task was completed. */
  readonly output: O | undefined;
}

/** A run under way. It is a promise of its result, and an error of the handler never rejects it. */
export interface TaskRun<O> extends Promise<TaskRunResult<O>>, TaskRunRecord {
  /**
   * Lets `ms` milliseconds pass at once, for this run only: the handler's timers fire, heartbeats are sent, and the task's time limit
   * applies. Waiting for anything but time, such as a socket, still takes real time.
   */
  advance(ms: number): Promise<void>;
  /** Aborts the handler's signal, as the runtime does. */
  abort(reason: AbortReason): void;
}

/**
 * Runs the handler of a worker as a worker process does, but without a server. Input and output are parsed, and time limit, lease and abort
 * are those of the runtime. A handler with `thread: true` runs in the current thread.
 *
 * The clock of the run keeps real time until `advance` moves it. This works with any test runner. Under `vi.useFakeTimers()` the time of
 * the run also moves with `vi.advanceTimersByTimeAsync`.
 * @example
 *   const { output } = await runTask(worker, { name: 'Ada' });
 * @example
 *   const run = runTask(worker, { name: 'Ada' }, { timeoutSeconds: 60 });
 *   await run.advance(60_000);
 *   expect((await run).outcome).toMatchObject({ kind: 'failed', retryable: true });
 * @param input the input as the server would send it: the task's schema checks it, not the compiler
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

/** The settings of workers by default. */
const defaultSettings: WorkerSettings = {
  shopUrl: 'http://127.0.0.1:8090',
  filesRoot: '.',
  outputDir: '.fleet/output',
};

/** A task as the server sends it, copied through JSON. */
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

/** Creates leases that are kept at a fake server, which accepts every update. */
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

/** Runs the handler as in a thread: its signal is never aborted, and input and output are copied. */
async function asInThread(attempt: Attempt, input: unknown, context: TaskContext): Promise<unknown> {
  const ended = new Promise<never>((_, reject) => {
    attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason), { once: true });
  });
  const { signal } = new AbortController();
  const returned = attempt.worker.execute(structuredClone(input), { ...context, signal });
  return structuredClone(await Promise.race([returned, ended]));
}
