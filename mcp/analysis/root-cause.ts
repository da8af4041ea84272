import type { Execution, Task } from '../../core/conductor/types.ts';

/**
 * Why an execution failed or does not go on:
 * - `bad-input`             what it was given does not do
 * - `bad-definition`        the workflow itself is wrong: a script, a reference to nothing, a fork without its join, an unknown child
 * - `worker-error`          a worker ran the task and said that it failed
 * - `upstream`              a service that a task called refused, failed or could not be reached
 * - `timeout`               somebody took too long
 * - `no-worker`             nobody polls for a task
 * - `missing-configuration` a secret, a provider or credentials the server needs and has not
 * - `limit`                 a limit on parallel work or its rate holds it back
 * - `stuck`                 the server has lost track of a task of its own, as after a crash
 * - `terminated`            somebody, or its own TERMINATE task, ended it
 * - `paused`                somebody paused it
 * - `waiting`               for a person, a signal, a timer or the next attempt: no trouble
 * - `in-progress`           somebody works on it: no trouble
 * - `none`                  it completed
 * - `unknown`               nothing that is known here fits
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

/** A step that recovers. `call` names a tool and arguments that are valid as they stand. */
export interface Advice {
  /** A sentence without its full stop, before which a call may follow. */
  readonly say: string;
  readonly call?: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> };
}

/** What is found out about one execution. Sentences are ours; whatever comes out of workflows is quoted in them. */
export interface RootCause {
  readonly cause: Cause;
  readonly sentence: string;
  /** What proves it, a line each. */
  readonly evidence: readonly string[];
  /** In the order in which they should be tried. */
  readonly advice: readonly Advice[];
  /** The execution in which the cause lies, and its task. */
  readonly execution: Execution;
  readonly task?: Task;
}
