import { z } from 'zod';
import type { WorkflowDef } from './conductor/types.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';

/** A Conductor task type seen from outside: its name and the two schemas. */
export interface TaskContract<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: 'task';
  readonly name: string;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  readonly options: TaskOptions;
}

/**
 * The part of a Conductor task definition that a worker's author decides. Defaults are Conductor's own, but for retries
 * (3, after 2, 4 and 8 s), the lease (60 s) and the policy on `timeoutSeconds` (`RETRY`).
 */
export interface TaskOptions {
  retryCount?: number;
  retryLogic?: 'FIXED' | 'EXPONENTIAL_BACKOFF' | 'LINEAR_BACKOFF';
  retryDelaySeconds?: number;
  backoffScaleFactor?: number;
  /** The lease: a polled task that is not answered for so long goes to another worker. */
  responseTimeoutSeconds?: number;
  /** From the first poll of an attempt to its end. 0 is no limit. */
  timeoutSeconds?: number;
  timeoutPolicy?: 'RETRY' | 'TIME_OUT_WF' | 'ALERT_ONLY';
  /** At most so many at once over all workers. 0 is no limit. */
  concurrentExecLimit?: number;
}

/** What a worker is handed beside its input. */
export interface TaskContext {
  /** Aborted when the process must stop before the work is done, or when the task ran out of time. */
  readonly signal: AbortSignal;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly taskId: string;
  /** The task's name within its workflow. */
  readonly taskReferenceName: string;
  readonly workflowId: string;
  /** The same for every attempt and redelivery of this task of this execution: the key for side effects. */
  readonly idempotencyKey: string;
  readonly log: Logger;
  /** The settings a worker may read; credentials of Conductor are not among them. */
  readonly settings: WorkerSettings;
}

export type WorkerSettings = Pick<Config, 'shopUrl' | 'filesRoot' | 'outputDir'>;

/** A task type together with the code that executes it. */
export interface Worker<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> extends TaskContract<I, O> {
  execute(input: z.output<I>, context: TaskContext): Promise<z.input<O>>;
}

interface TaskSpec<I extends z.ZodObject, O extends z.ZodObject> extends TaskOptions {
  /** Conductor's task definition name, `snake_case`. */
  name: string;
  description: string;
  input: I;
  output: O;
}

/**
 * What a task is; then, with `.worker(…)`, what it does. Without `.worker` it is the contract of a task that somebody
 * else's worker serves.
 * @example export default defineTask({ name: 'charge_card', … }).worker(async ({ amount }, { signal }) => ({ … }))
 */
export function defineTask<I extends z.ZodObject, O extends z.ZodObject>(
  spec: TaskSpec<I, O>,
): TaskContract<I, O> & { worker(execute: Worker<I, O>['execute']): Worker<I, O> } {
  const { name, description, input, output, ...options } = spec;
  const contract: TaskContract<I, O> = { kind: 'task', name, description, input, output, options };
  return { ...contract, worker: (execute) => ({ ...contract, execute }) };
}

/** True for a default export made with `defineTask(…).worker(…)`. */
export function isWorker(value: unknown): value is Worker {
  return isKind(value, 'task') && 'execute' in value;
}

/**
 * Retries and time limits for a task that the server itself executes (HTTP, LLM, MCP). A registered definition of that name
 * is the only way to give them any: without one a server crash leaves such a task stuck for an hour.
 */
export interface TaskPolicy {
  readonly kind: 'policy';
  readonly name: string;
  readonly description: string;
  readonly options: TaskOptions;
}

/** A workflow seen from outside, with the plain Conductor definition it registers. */
export interface Workflow<I extends z.ZodType = z.ZodType, O extends z.ZodType = z.ZodType> {
  readonly kind: 'workflow';
  readonly name: string;
  readonly version: number;
  readonly description: string;
  readonly input: I;
  readonly output: O;
  /** The contracts of the tasks it uses, each to be registered with it. */
  readonly tasks: readonly (TaskContract | TaskPolicy)[];
  /** Plain Conductor JSON, the same for the same code. Frozen. */
  readonly def: Readonly<WorkflowDef>;
}

/** True for a default export made with `defineWorkflow(…).build(…)`. */
export function isWorkflow(value: unknown): value is Workflow {
  return isKind(value, 'workflow');
}

/**
 * An input field whose default is this deployment's setting of that name: `fallback` stands in the definition as written,
 * registration puts the setting in its place.
 */
export function fromSetting<T extends z.ZodType<string>>(
  setting: keyof WorkflowSettings,
  schema: T,
  fallback: string,
): z.ZodDefault<T> {
  return schema.default(fallback as z.util.NoUndefined<z.output<T>>).meta({ setting });
}

/** The settings a workflow input may default to. `llmProvider` is Conductor's name for the provider. */
export interface WorkflowSettings {
  readonly shopUrl: string;
  readonly llmProvider: string;
  readonly llmModel: string;
}

/** The JSON Schema of an input as callers see it: fields with defaults are optional. */
export function inputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

/** The JSON Schema of an output as readers see it. */
export function outputSchemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
}

function isKind(value: unknown, kind: string): value is { kind: string } {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
