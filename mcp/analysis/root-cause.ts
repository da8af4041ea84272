import type { Execution, Task } from '../../core/conductor/types.ts';

/**
 * Why an execution failed or does not continue:
 * - `bad-input`             the input of the execution lacks something or is wrong
 * - `bad-definition`        the definition is wrong: a script, a reference without a value, a fork without a join, an unknown child
 * - `worker-error`          a worker ran the task and reported a failure
 * - `upstream`              a service that a task called refused, failed or could not be reached
 * - `timeout`               a worker, the server or the workflow exceeded a time limit
 * - `no-worker`             no worker polls for a task
 * - `missing-configuration` the server lacks a secret, a provider or credentials
 * - `limit`                 a limit on parallel tasks or on their rate holds a task back
 * - `stuck`                 the server has lost track of a task that it executes itself, as happens after a crash
 * - `terminated`            a call, a cancelled task, or its own TERMINATE task ended the execution
 * - `paused`                a call paused the execution
 * - `waiting`               the execution waits for a person, a signal, a timer or the next attempt, as intended
 * - `in-progress`           a worker or the server works on a task
 * - `none`                  the execution completed
 * - `unknown`               the reason matches no known cause
 */
export const causes = [
  'bad-input',
  'bad-definition',
  'worker-error',
  'upstream',
  'timeout',
  'no-worker',
  'missing-configuration',
  'limit',
  'stuck',
  'terminated',
  'paused',
  'waiting',
  'in-progress',
  'none',
  'unknown',
] as const;
export type Cause = (typeof causes)[number];

/** A step of a recovery. The tool and arguments of `call` are valid without changes. */
export interface Advice {
  /** A sentence without its full stop; a colon and the call may follow. */
  readonly say: string;
  readonly call?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
}

/** Why one execution is in its state. This server writes the sentences; text from workflows is quoted in them. */
export interface RootCause {
  readonly cause: Cause;
  readonly sentence: string;
  /** The evidence, one fact per line. */
  readonly evidence: readonly string[];
  /** The steps that recover, in the order in which to try them. */
  readonly advice: readonly Advice[];
  /** The execution that has the cause, and the task in it. */
  readonly execution: Execution;
  readonly task?: Task;
}
