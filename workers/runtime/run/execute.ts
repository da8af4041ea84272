import type { z } from 'zod';
import type { Task } from '../../../core/conductor/types.ts';
import { handlerInput, idempotencyScopeOf, refusalOf } from '../../../core/content/worker-inputs.ts';
import type { TaskContext, Worker, WorkerSettings } from '../../../core/contract.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { zodSentences } from '../../../core/schema/zod-sentences.ts';
import type { Attempt } from './attempt.ts';

/** How the execution of one task ended. `toTaskResult` turns it into a result for the server. */
export type Outcome =
  /** `bytes`: the size of the output as JSON. */
  | { kind: 'completed'; output: Record<string, unknown>; bytes: number }
  /** `exception`: the name of the thrown error, if it has one. */
  | { kind: 'failed'; retryable: boolean; reason: string; stack?: string; exception?: string }
  /** The process stops: another process gets the task, and it does not count as a retry. */
  | { kind: 'handed-back' }
  /** The task has ended on the server, so no result is reported. */
  | { kind: 'cancelled' };

export interface ExecuteOptions {
  /** The logger of this task. */
  log: Logger;
  settings: WorkerSettings;
  /** The time limit if the definition has none. Absent or 0: no limit. */
  timeoutSeconds?: number;
  /** Shows an output on the server while the task runs. */
  showProgress(output: Record<string, unknown>): Promise<void>;
  /** Runs the handler of a worker with `thread: true`. */
  inThread(input: unknown, context: TaskContext): Promise<unknown>;
}

/** The server stores larger outputs where they cannot be read. */
const MAX_OUTPUT_BYTES = 3_000_000;

/** Runs a worker on a task. Parses input and output, and turns every error into an outcome. Never throws. */
export async function execute(attempt: Attempt, options: ExecuteOptions): Promise<Outcome> {
  const { worker, task } = attempt;
  const input = inputOf(worker, task);
  if ('refused' in input) return permanent(input.refused);
  const context = contextOf(attempt, options);
  const call = () =>
    worker.thread ? options.inThread(input.accepted, context) : worker.execute(input.accepted, context);
  attempt.running = true;
  attempt.startLimit(limitOf(attempt) || (options.timeoutSeconds ?? 0));
  try {
    const ended = await Promise.race([settled(call), attempt.overdue]);
    if (ended === undefined) {
      options.log.error(
        { reason: attempt.abortedFor },
        'the handler ignores its abort signal; the task is ended without it',
      );
      return afterAbort(attempt);
    }
    // A returned output counts even after an abort, because the work is done.
    if ('returned' in ended) return completed(worker, ended.returned);
    return attempt.abortedFor === undefined ? failed(ended.thrown) : afterAbort(attempt);
  } finally {
    attempt.settle();
  }
}

/** The definition on the server wins, because an operator may have changed it there. */
function limitOf({ task, worker }: Attempt): number {
  return task.taskDefinition?.timeoutSeconds ?? worker.options.timeoutSeconds ?? 0;
}

/** The context that a handler gets. */
export function contextOf(attempt: Attempt, { log, settings, showProgress }: ExecuteOptions): TaskContext {
  const { task } = attempt;
  return {
    signal: attempt.signal,
    attempt: task.retryCount + 1,
    taskId: task.taskId,
    taskReferenceName: task.referenceTaskName,
    workflowId: task.workflowInstanceId,
    idempotencyKey: `${idempotencyScopeOf(task.inputData) ?? task.workflowInstanceId}:${task.referenceTaskName}`,
    previousOutput: task.outputData,
    log,
    settings,
    addLog: (line) => attempt.addLog(line),
    progress: showProgress,
  };
}

type Settled = { returned: unknown } | { thrown: unknown };

/** Never rejects, even if the handler throws synchronously or returns no promise. */
async function settled(call: () => Promise<unknown>): Promise<Settled> {
  try {
    return { returned: await call() };
  } catch (thrown) {
    return { thrown };
  }
}

function afterAbort({ abortedFor, worker }: Attempt): Outcome {
  switch (abortedFor) {
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'stopping':
      return { kind: 'handed-back' };
    default:
      return { kind: 'failed', retryable: true, reason: `${worker.name} ran out of time.` };
  }
}

/** Returns the parsed input, or why it was refused. A schema may also throw. In both cases a retry would not help. */
function inputOf(worker: Worker, task: Task): { accepted: unknown } | { refused: string } {
  const refused = refusalOf(worker.name, task);
  if (refused !== undefined) return { refused };
  try {
    const parsed = parseInput(worker.input, handlerInput(task.inputData));
    if (parsed.success) return { accepted: parsed.data };
    return { refused: `The input of ${worker.name} is not valid: ${describe(parsed.error, task.inputData)}` };
  } catch (thrown) {
    return { refused: `The input of ${worker.name} cannot be checked: ${messageOf(thrown)}` };
  }
}

/** Conductor writes null if a reference finds nothing. A null that the schema does not accept is treated as absent. */
function parseInput(schema: z.ZodType, input: Record<string, unknown>): z.ZodSafeParseResult<unknown> {
  const first = schema.safeParse(input);
  if (first.success) return first;
  const copy = structuredClone(input);
  const dropped = first.error.issues.flatMap(pathsOf).filter((path) => dropNull(copy, path));
  return dropped.length > 0 ? schema.safeParse(copy) : first;
}

/** The paths of an issue. For a union these are the paths of all its members' issues. */
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

function completed({ name, output: schema }: Worker, returned: unknown): Outcome {
  let text: string;
  let output: unknown;
  try {
    const parsed = schema.safeParse(returned);
    if (!parsed.success) return permanent(`${name} returned a wrong output: ${describe(parsed.error, returned)}`);
    output = parsed.data;
    text = JSON.stringify(output);
  } catch (error) {
    return permanent(`The output of ${name} cannot be written as JSON: ${messageOf(error)}`);
  }
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_OUTPUT_BYTES) {
    return permanent(
      `The output of ${name} has ${bytes} bytes, but at most ${MAX_OUTPUT_BYTES} fit. Store it elsewhere and return a reference to it.`,
    );
  }
  return { kind: 'completed', output: output as Record<string, unknown>, bytes };
}

function failed(thrown: unknown): Outcome {
  try {
    const stack = hasText(thrown, 'stack') ? { stack: thrown.stack } : {};
    const exception = hasText(thrown, 'name') ? { exception: thrown.name } : {};
    return { kind: 'failed', retryable: !isPermanent(thrown), reason: messageOf(thrown), ...stack, ...exception };
  } catch {
    return { kind: 'failed', retryable: true, reason: 'The worker threw a value that cannot be read.' };
  }
}

/** Checks the name, because an error from a thread or from a second copy of this package has another class. */
function isPermanent(thrown: unknown): boolean {
  if (!hasText(thrown, 'name')) return false;
  if (thrown.name === 'FleetError') return 'retryable' in thrown && thrown.retryable === false;
  return /^NonRetryable(Error|Exception)?$/.test(thrown.name);
}

function hasText<K extends string>(value: unknown, key: K): value is Record<K, string> {
  return typeof value === 'object' && value !== null && typeof (value as Record<string, unknown>)[key] === 'string';
}

function permanent(reason: string): Outcome {
  return { kind: 'failed', retryable: false, reason };
}

/** Describes a parse error without the values, because more people can read the reason of a failure than its input. */
function describe(error: z.ZodError, value: unknown): string {
  return zodSentences(error, value, { hidesValues: true }).join(' ');
}
