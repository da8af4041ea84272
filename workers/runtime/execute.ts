import type { z } from 'zod';
import type { Task } from '../../core/conductor/types.ts';
import type { TaskContext, Worker, WorkerSettings } from '../../core/contract.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';

/** How the execution of one task ended, before it is put into the server's words. */
export type Outcome =
  | { kind: 'completed'; output: Record<string, unknown> }
  | { kind: 'failed'; retryable: boolean; reason: string; stack?: string }
  /** The process stops: somebody else shall do it, and it does not count as a try. */
  | { kind: 'handed-back' };

export interface ExecuteOptions {
  log: Logger;
  settings: WorkerSettings;
  /** Aborted when the process will not wait for the task any longer. */
  stop: AbortSignal;
}

/** The server moves larger outputs to a place nobody can read them from. */
const MAX_OUTPUT_BYTES = 3_000_000;

/** Runs a worker on a task: input parsed, output parsed, whatever it throws sorted into an outcome. Never throws. */
export async function execute(worker: Worker, task: Task, { log, settings, stop }: ExecuteOptions): Promise<Outcome> {
  const input = inputOf(worker, task);
  if ('refused' in input) return permanent(input.refused);
  const limit = startTimeLimit(worker, task);
  const context: TaskContext = {
    signal: AbortSignal.any([stop, limit.signal]),
    attempt: task.retryCount + 1,
    taskId: task.taskId,
    taskReferenceName: task.referenceTaskName,
    workflowId: task.workflowInstanceId,
    idempotencyKey: `${task.workflowInstanceId}:${task.referenceTaskName}`,
    log,
    settings,
  };
  try {
    const output = worker.output.safeParse(await worker.execute(input.accepted, context));
    if (!output.success) return permanent(`${worker.name} returned a wrong output: ${describe(output.error)}`);
    return completed(worker.name, output.data);
  } catch (thrown) {
    if (stop.aborted) return { kind: 'handed-back' };
    if (limit.signal.aborted) return { kind: 'failed', retryable: true, reason: `${worker.name} ran out of time.` };
    return failed(thrown);
  } finally {
    limit.clear();
  }
}

/** Longest time that a timer can be set to, in milliseconds. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Aborts when the server will have given the attempt up. The lease on the polled task counts, which an operator may have changed. */
function startTimeLimit(worker: Worker, task: Task): { signal: AbortSignal; clear(): void } {
  const seconds = task.responseTimeoutSeconds || (worker.options.responseTimeoutSeconds ?? 60);
  const controller = new AbortController();
  const timeUp = () => controller.abort(new Error(`no result after ${seconds} s`));
  const timer = setTimeout(timeUp, Math.min(seconds * 1000, MAX_TIMER_MS));
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}

/** The parsed input, or why there is none: a schema may also throw, and no retry would mend that. */
function inputOf(worker: Worker, task: Task): { accepted: unknown } | { refused: string } {
  if (task.externalInputPayloadStoragePath) {
    return { refused: `The input of ${worker.name} is too large: the server keeps it where workers cannot read it.` };
  }
  try {
    const parsed = parseInput(worker.input, task.inputData);
    if (parsed.success) return { accepted: parsed.data };
    return { refused: `The input of ${worker.name} is not valid: ${describe(parsed.error)}` };
  } catch (thrown) {
    return { refused: `The input of ${worker.name} cannot be checked: ${messageOf(thrown)}` };
  }
}

/** Conductor writes null for whatever a reference did not find; where the schema does not take a null, it means absent. */
function parseInput(schema: z.ZodType, input: Record<string, unknown>): z.ZodSafeParseResult<unknown> {
  const first = schema.safeParse(input);
  if (first.success) return first;
  const copy = structuredClone(input);
  const dropped = first.error.issues.flatMap(pathsOf).filter((path) => dropNull(copy, path));
  return dropped.length > 0 ? schema.safeParse(copy) : first;
}

/** Where an issue lies; that of a union lies wherever one of its members has one. */
function pathsOf(issue: z.core.$ZodIssue): PropertyKey[][] {
  if (issue.code !== 'invalid_union') return [issue.path];
  return issue.errors.flatMap((member) => member.flatMap(pathsOf).map((path) => [...issue.path, ...path]));
}

function dropNull(value: unknown, path: readonly PropertyKey[]): boolean {
  const [key, ...rest] = path;
  if (typeof value !== 'object' || value === null || key === undefined) return false;
  const holder = value as Record<PropertyKey, unknown>;
  if (rest.length > 0) return dropNull(holder[key], rest);
  if (holder[key] !== null || Array.isArray(value)) return false;
  delete holder[key];
  return true;
}

function completed(name: string, output: unknown): Outcome {
  let text: string;
  try {
    text = JSON.stringify(output);
  } catch (error) {
    return permanent(`The output of ${name} cannot be written as JSON: ${messageOf(error)}`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_OUTPUT_BYTES) {
    return permanent(
      `The output of ${name} has ${bytes} bytes; return a reference to it, at most ${MAX_OUTPUT_BYTES} fit.`,
    );
  }
  return { kind: 'completed', output: output as Record<string, unknown> };
}

function failed(thrown: unknown): Outcome {
  const stack = thrown instanceof Error && thrown.stack ? { stack: thrown.stack } : {};
  return { kind: 'failed', retryable: !isPermanent(thrown), reason: messageOf(thrown), ...stack };
}

/** By name as well, because an error from a second copy of this package or another thread is of another class. */
function isPermanent(thrown: unknown): boolean {
  if (thrown instanceof FleetError) return !thrown.retryable;
  return thrown instanceof Error && /^NonRetryable(Error|Exception)?$/.test(thrown.name);
}

function permanent(reason: string): Outcome {
  return { kind: 'failed', retryable: false, reason };
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
    .join('; ');
}
