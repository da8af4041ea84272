/**
 * Inputs of a task that are meant for the worker process and not for the handler. A saga writes them into its definitions; their names
 * begin with `_`, and handlers never see them.
 */
export const workerInputs = {
  /** Stands in `context.idempotencyKey` where the id of the execution would: the same over several executions. */
  idempotencyScope: '_idempotencyScope',
  /** The id of the execution that has undone the one of this task, else null. With it, the task is refused. */
  undoneBy: '_undoneBy',
} as const;

/** What was meant for the worker process, and the input without it. */
export interface SplitInput {
  readonly input: Record<string, unknown>;
  readonly idempotencyScope: string | undefined;
  readonly undoneBy: string | undefined;
}

/** The server notes this text in the place of an id where it could not start the failure workflow, so that nothing was undone. */
const NOT_STARTED = 'Error workflow ';

/** Takes the inputs for the worker process out of a task's input. */
export function splitInput(inputData: Readonly<Record<string, unknown>>): SplitInput {
  const { [workerInputs.idempotencyScope]: scope, [workerInputs.undoneBy]: undoneBy, ...input } = inputData;
  return {
    input,
    idempotencyScope: typeof scope === 'string' && scope !== '' ? scope : undefined,
    undoneBy: typeof undoneBy === 'string' && !undoneBy.startsWith(NOT_STARTED) ? undoneBy : undefined,
  };
}
