import type { z } from 'zod';
import type { EventHandlerDef, ScheduleDef, TaskDef, WorkflowDef } from './conductor/types.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import { requireReachableName } from './names.ts';

export { inputSchemaOf, jsonSchema, outputSchemaOf, shownAs } from './schema/json-schema.ts';

/** A Conductor task type as its users see it: its name and the schemas of its input and output. */
export interface TaskContract<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: 'task';
  readonly name: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly options: TaskOptions;
  /** See `TaskSpec`. */
  readonly registered?: false;
  /** See `TaskSpec`. */
  readonly verbatim?: Partial<TaskDef>;
}

/**
 * The fields of a Conductor task definition that a worker's author decides. The defaults are Conductor's own, with three exceptions. There
 * are 3 retries, after 2, 4 and 8 s. The lease is 60 s, or `timeoutSeconds` if that is less. `timeoutPolicy` is `RETRY`.
 */
export interface TaskOptions {
  /** Number of retries after the first attempt. Endless retries are not possible. */
  retryCount?: number;
  /**
   * How long the server waits before the n-th retry, with d = `retryDelaySeconds`. `FIXED`: d. `LINEAR_BACKOFF`: n × d ×
   * `backoffScaleFactor`. `EXPONENTIAL_BACKOFF`: 2ⁿ⁻¹ × d. It never waits longer than `maxRetryDelaySeconds`.
   */
  retryLogic?: 'FIXED' | 'EXPONENTIAL_BACKOFF' | 'LINEAR_BACKOFF';
  retryDelaySeconds?: number;
  /** Used with `LINEAR_BACKOFF` only. Default 1. */
  backoffScaleFactor?: number;
  /** Absent or 0: no limit. */
  maxRetryDelaySeconds?: number;
  /** The lease: after this long without a heartbeat the server gives the task to another process. The runtime sends the heartbeats. */
  responseTimeoutSeconds?: number;
  /** Longest time from the first poll of an attempt to its end. When this time is over, the handler is aborted. 0: no limit. */
  timeoutSeconds?: number;
  timeoutPolicy?: 'RETRY' | 'TIME_OUT_WF' | 'ALERT_ONLY';
  /**
   * Longest time for all attempts and the delays between them. When this time is over, the server makes no further retry and the workflow
   * fails. If an attempt is never answered, the server may notice this up to half a minute late.
   */
  totalTimeoutSeconds?: number;
  /** If no worker polls a task for this long, the server applies `timeoutPolicy` to it. Absent or 0: the task waits for ever. */
  pollTimeoutSeconds?: number;
  /** At most this many tasks of the type run at once, over all worker processes. 0: no limit. */
  concurrentExecLimit?: number;
}

/** What a handler gets besides its input. */
export interface TaskContext {
  /** Aborted when the result is no longer needed. Its reason is a `TaskAbortedError`. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly taskId: string;
  /** The task's name within its workflow. */
  readonly taskReferenceName: string;
  readonly workflowId: string;
  /**
   * The idempotency key for side effects. It is the same for every attempt and every delivery of this task in this execution. In a saga's
   * compensation, all executions that undo the same failed execution share the key.
   */
  readonly idempotencyKey: string;
  readonly log: Logger;
  /** Adds a line to the task's log on the server. The line is sent with the next heartbeat or with the result. */
  addLog(line: string): void;
  /**
   * Shows an output on the server while the task runs. If the task is delivered again, the handler finds the last of these outputs in
   * `previousOutput`.
   * @throws FleetError if the server does not accept the output, which does not affect the task itself
   */
  progress(output: Record<string, unknown>): Promise<void>;
  /** What an earlier delivery of this attempt reported as progress; empty if it reported nothing. */
  readonly previousOutput: Readonly<Record<string, unknown>>;
  /** The settings a worker may read. They do not include the credentials of Conductor. */
  readonly settings: WorkerSettings;
}

/**
 * Why a running task is aborted:
 * - `time-out`: The `timeoutSeconds` of its definition are over.
 * - `cancelled`: The task has ended on the server, because its workflow was terminated or its lease was lost.
 * - `stopping`: The process stops and waits no longer. Another process gets the task.
 */
export type AbortReason = 'time-out' | 'cancelled' | 'stopping';

/** The reason with which `context.signal` is aborted. */
export class TaskAbortedError extends Error {
  override readonly name = 'TaskAbortedError';
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The settings that a worker may read, from `context.settings`. */
export type WorkerSettings = Pick<Config, 'shopUrl' | 'filesRoot' | 'outputDir'>;

/** A task type together with the code that executes it. */
export interface Worker<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> extends TaskContract<I, O> {
  execute(input: z.output<I>, context: TaskContext): Promise<z.input<O>>;
  /** True if the handler runs in a thread. When the task is aborted, the runtime ends the thread. */
  readonly thread: boolean;
  /** Address of the module whose default export is this worker. Undefined until the worker is loaded from its folder. */
  readonly module?: string;
}

/** How a handler is run. */
export interface WorkerOptions {
  /**
   * Runs the handler in a thread of its own, so that a long computation does not hold up the other tasks of the process. The handler's
   * signal is never aborted: the runtime ends the thread instead.
   */
  thread?: boolean;
}

/** What a task is: its name, its schemas, and the fields of its task definition. */
export interface TaskSpec<I extends z.ZodType<object>, O extends z.ZodType<object>> extends TaskOptions {
  /** Name of the task definition in Conductor, in `snake_case`. */
  name: string;
  description: string;
  input: I;
  output: O;
  /** False: no task definition is registered, and the server's own defaults apply. */
  registered?: false;
  /**
   * Fields of the task definition exactly as another tool wrote them. They replace the values that follow from the other fields.
   * `undefined` leaves a field out.
   */
  verbatim?: Partial<TaskDef>;
}

/**
 * Defines what a task is and then, with `.worker(…)`, what it does. Without `.worker` the result is the contract of a task that another
 * team's worker serves.
 * @example export default defineTask({ name: 'charge_card', … }).worker(async ({ amount }, { signal }) => ({ … }))
 */
export function defineTask<I extends z.ZodType<object>, O extends z.ZodType<object>>(
  spec: TaskSpec<I, O>,
): TaskContract<I, O> & { worker(execute: Worker<I, O>['execute'], options?: WorkerOptions): Worker<I, O> } {
  const { name, description, input, output, registered, verbatim, ...options } = spec;
  requireReachableName('task', name);
  const foreign = { ...(registered === false && { registered }), ...(verbatim && { verbatim }) };
  const contract: TaskContract<I, O> = { kind: 'task', name, description, input, output, options, ...foreign };
  return {
    ...contract,
    worker: (execute, { thread = false } = {}) => ({ ...contract, execute, thread }),
  };
}

/** True for a default export made with `defineTask(…).worker(…)`. */
export function isWorker(value: unknown): value is Worker {
  return isKind(value, 'task') && 'execute' in value;
}

/**
 * Retries and time limits for a task that the server itself executes (HTTP, LLM, MCP). The server applies them only if a task definition of
 * that name is registered. Without it, a crash of the server leaves the task stuck for an hour.
 */
export interface TaskPolicy {
  readonly kind: 'policy';
  readonly name: string;
  readonly description: string;
  readonly options: TaskOptions;
}

/** A workflow as its users see it, with the plain Conductor definition that is registered for it. */
export interface Workflow<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: 'workflow';
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** The contracts and policies of the tasks that the workflow uses. They are registered with the workflow. */
  readonly tasks: readonly (TaskContract | TaskPolicy)[];
  /** Plain Conductor JSON, frozen. The same code always gives the same JSON. */
  readonly def: Readonly<WorkflowDef>;
  /** Workflows that are built and registered together with this one, such as the compensation of a saga. */
  readonly companions?: readonly Workflow[];
}

/** Starts a workflow at certain times. */
export interface Schedule {
  readonly kind: 'schedule';
  readonly name: string;
  readonly description: string;
  readonly workflow: Workflow;
  /** Plain Conductor JSON. */
  readonly def: ScheduleDef;
}

/** Starts a workflow, or ends a task, when an event arrives. */
export interface EventHandler {
  readonly kind: 'event-handler';
  readonly name: string;
  readonly description: string;
  /** Plain Conductor JSON. */
  readonly def: EventHandlerDef;
}

/** True for a default export made with `defineSchedule(…)`. */
export function isSchedule(value: unknown): value is Schedule {
  return isKind(value, 'schedule');
}

/** True for a default export made with `defineEventHandler(…)`. */
export function isEventHandler(value: unknown): value is EventHandler {
  return isKind(value, 'event-handler');
}

/** True for a default export made with `defineWorkflow(…).build(…)`. */
export function isWorkflow(value: unknown): value is Workflow {
  return isKind(value, 'workflow');
}

/**
 * Makes an input field whose default is a setting. The definition in code holds `fallback`. Registration replaces it with the value of the
 * setting in this deployment.
 */
export function fromSetting<T extends z.ZodType<string>>(
  setting: keyof WorkflowSettings,
  schema: T,
  fallback: string,
): z.ZodDefault<T> {
  return schema.default(fallback as z.util.NoUndefined<z.output<T>>).meta({ setting });
}

/** The settings that a workflow input may take as its default. `llmProvider` is Conductor's name for the provider. */
export interface WorkflowSettings {
  readonly shopUrl: string;
  readonly llmProvider: string;
  readonly llmModel: string;
}

function isKind(value: unknown, kind: string): value is { kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
