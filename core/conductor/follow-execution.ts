import { FleetError, messageOf } from '../errors.ts';
import { count, duration } from '../text.ts';
import type { Conductor } from './api.ts';
import { latestAttempts } from './execution-facts.ts';
import { type Execution, isOpenTask, type Task } from './types.ts';
import type { Standing } from './wait-for-end.ts';

interface FollowOptions {
  signal: AbortSignal;
  note(line: string): void;
  timeoutSeconds?: number | undefined;
  /** Looks for a reason why nothing continues, for example a full disk. Called with each note. */
  obstacle?: () => string | undefined;
  /** How long the server may fail all calls in a row before the wait fails, in milliseconds. */
  patienceMs?: number;
}

/** If a type was polled within this time, it has a worker: even an idle worker polls more often. */
const POLLED_LATELY_MS = 15_000;

const PATIENCE_MS = 30_000;

/**
 * Waits for the end of an execution and notes its state every two seconds. The execution continues even if the wait fails.
 * @throws FleetError `cancelled` if interrupted, `upstream` if `timeoutSeconds` are over or the server fails for `patienceMs`, else the
 * error of the server
 */
export async function followExecution(
  conductor: Conductor,
  executionId: string,
  { signal, note, timeoutSeconds, obstacle, patienceMs = PATIENCE_MS }: FollowOptions,
): Promise<Execution> {
  const over = timeoutSeconds === undefined ? undefined : AbortSignal.timeout(timeoutSeconds * 1000);
  const either = over ? AbortSignal.any([signal, over]) : signal;
  const calls = conductor.withSignal(either);
  const remedy = `The execution continues. To see its state, run \`fleet status ${executionId}\`.`;
  const progress = async (standing: Standing) => {
    note(`${duration(standing.waitedMs)}: ${await describe(calls, standing)}`);
    const reason = obstacle?.();
    if (reason !== undefined) note(reason);
  };
  try {
    return await calls.waitForEnd(executionId, { signal: either, patienceMs, progress });
  } catch (error) {
    if (signal.aborted) throw new FleetError('cancelled', `Stopped waiting for ${executionId}.`, { remedy });
    if (over?.aborted) {
      throw new FleetError('upstream', `${executionId} has not ended after ${timeoutSeconds} s.`, { remedy });
    }
    throw lostSight(executionId, error, remedy);
  }
}

/**
 * Adds the execution's id to the error, and how to look at the execution. An error that is not a `FleetError` is a bug and stays unchanged.
 */
function lostSight(executionId: string, error: unknown, remedy: string): unknown {
  if (!(error instanceof FleetError)) return error;
  return new FleetError(error.code, `Cannot read the state of ${executionId}: ${error.message}`, {
    remedy: error.retryable ? remedy : (error.remedy ?? remedy),
    cause: error,
  });
}

/** Says in one line what runs or waits. */
async function describe(conductor: Conductor, standing: Standing): Promise<string> {
  if (standing.execution === undefined) return `no answer, still trying: ${messageOf(standing.error)}`;
  const { status, tasks: all } = standing.execution;
  const tasks = latestAttempts(all);
  const open = tasks.filter(isOpenTask);
  const last = open.at(-1) ?? tasks.at(-1);
  const now = last ? `, now ${last.referenceTaskName} (${last.status})${await whyItWaits(conductor, last)}` : '';
  return `${status}, ${count(tasks.length - open.length, 'task')} done${now}`;
}

/** Says if no worker polls for the task. The task would wait for ever, and nothing else shows this. */
async function whyItWaits(conductor: Conductor, { status, taskType }: Task): Promise<string> {
  const isServersOwn = /^[A-Z0-9_]+$/.test(taskType);
  if (status !== 'SCHEDULED' || isServersOwn) return '';
  const polls = await conductor.pollData(taskType);
  if (polls.some(({ lastPollTime }) => Date.now() - lastPollTime < POLLED_LATELY_MS)) return '';
  return `; no worker polls ${taskType}. Start one: \`fleet work --only ${taskType}\``;
}
