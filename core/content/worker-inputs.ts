import type { Task } from '../conductor/types.ts';

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

/** The server notes this text in the place of an id where it could not start the failure workflow, so that nothing was undone. */
const NOT_STARTED = 'Error workflow ';

type Input = Readonly<Record<string, unknown>>;

/** What takes the place of the execution's id in the idempotency key of a task, if anything does. */
export function idempotencyScopeOf(inputData: Input): string | undefined {
  const scope = inputData[workerInputs.idempotencyScope];
  return typeof scope === 'string' && scope !== '' ? scope : undefined;
}

/** The execution that has undone the one of a task, if any has. */
export function undoneBy(inputData: Input): string | undefined {
  const by = inputData[workerInputs.undoneBy];
  return typeof by === 'string' && !by.startsWith(NOT_STARTED) ? by : undefined;
}

/** Why no worker may do a task, whatever it does; undefined if one may. No retry would mend it. */
export function refusalOf(
  name: string,
  task: Pick<Task, 'externalInputPayloadStoragePath' | 'inputData'>,
): string | undefined {
  if (task.externalInputPayloadStoragePath) {
    return `The input of ${name} is too large: the server keeps it where workers cannot read it.`;
  }
  const compensation = undoneBy(task.inputData);
  if (compensation === undefined) return undefined;
  return `This execution has failed before and was undone by ${compensation}: start a new one.`;
}

/** A task's input without what is meant for the worker process. */
export function handlerInput(inputData: Record<string, unknown>): Record<string, unknown> {
  if (!names.some((name) => name in inputData)) return inputData;
  return Object.fromEntries(Object.entries(inputData).filter(([name]) => !names.includes(name)));
}

const names: readonly string[] = Object.values(workerInputs);
