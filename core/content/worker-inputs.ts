import type { Task } from '../conductor/types.ts';

/**
 * Inputs of a task that are meant for the worker process. A saga writes them into its definitions. Their names begin with `_`, and
 * handlers never see them.
 */
export const workerInputs = {
  /** Replaces the id of the execution in `context.idempotencyKey`, so that several executions share a key. */
  idempotencyScope: '_idempotencyScope',
  /** The id of the compensation that has undone this task's execution, else null. If it is set, the worker refuses the task. */
  undoneBy: '_undoneBy',
} as const;

/**
 * If the server could not start the failure workflow, it writes a text that begins like this in place of an id. In that case nothing was
 * undone.
 */
const NOT_STARTED = 'Error workflow ';

type Input = Readonly<Record<string, unknown>>;

/** The text that replaces the execution's id in the idempotency key of a task; undefined if the id is used. */
export function idempotencyScopeOf(inputData: Input): string | undefined {
  const scope = inputData[workerInputs.idempotencyScope];
  return typeof scope === 'string' && scope !== '' ? scope : undefined;
}

/** The id of the compensation that has undone a task's execution, if there is one. */
export function undoneBy(inputData: Input): string | undefined {
  const by = inputData[workerInputs.undoneBy];
  return typeof by === 'string' && !by.startsWith(NOT_STARTED) ? by : undefined;
}

/** Returns why no worker may execute this task, or undefined if a worker may. A retry of a refused task would not help. */
export function refusalOf(
  name: string,
  task: Pick<Task, 'externalInputPayloadStoragePath' | 'inputData'>,
): string | undefined {
  if (task.externalInputPayloadStoragePath) {
    return `The input of ${name} is too large: the server keeps it where workers cannot read it.`;
  }
  const compensation = undoneBy(task.inputData);
  if (compensation === undefined) return undefined;
  return `This execution has failed before and was undone by ${compensation}. Start a new one.`;
}

/** Returns a task's input without the inputs that are meant for the worker process. */
export function handlerInput(inputData: Record<string, unknown>): Record<string, unknown> {
  if (!names.some((name) => name in inputData)) return inputData;
  return Object.fromEntries(Object.entries(inputData).filter(([name]) => !names.includes(name)));
}

const names: readonly string[] = Object.values(workerInputs);
