import type { Conductor } from '../core/conductor/api.ts';
import { failureOf, latestAttempts, runtimeOf } from '../core/conductor/execution.ts';
import { type Execution, hasEnded } from '../core/conductor/types.ts';
import { pause } from '../core/drain.ts';
import { FleetError, messageOf } from '../core/errors.ts';
import { duration } from '../core/text.ts';

interface FollowOptions {
  signal: AbortSignal;
  note(line: string): void;
  timeoutSeconds?: number | undefined;
}

/** Nothing longer than this goes by without a word. */
const PROGRESS_EVERY_MS = 2_000;

/** Trouble that lasts no longer is waited out. */
const PATIENCE_MS = 30_000;

/**
 * Waits for the end of an execution and tells on the way what it is doing.
 * @throws FleetError `cancelled` when interrupted, `upstream` when `timeoutSeconds` are over or the server stays away; the execution
 * goes on in each case
 */
export async function followExecution(
  conductor: Conductor,
  workflowId: string,
  { signal, note, timeoutSeconds = Number.POSITIVE_INFINITY }: FollowOptions,
): Promise<Execution> {
  const startedAt = Date.now();
  const remedy = `It goes on; look with \`fleet status ${workflowId}\`.`;
  let nextNoteAt = startedAt + PROGRESS_EVERY_MS;
  let lastSeenAt = startedAt;
  for (;;) {
    const noteIsDue = Date.now() >= nextNoteAt;
    let progress = 'the server does not answer';
    try {
      const { status } = await conductor.getStatus(workflowId);
      if (hasEnded(status)) return await conductor.getExecution(workflowId);
      if (noteIsDue) progress = progressOf(await conductor.getExecution(workflowId));
      lastSeenAt = Date.now();
    } catch (error) {
      const isPassing = error instanceof FleetError && error.retryable && Date.now() - lastSeenAt < PATIENCE_MS;
      if (!isPassing)
        throw new FleetError('upstream', `Lost sight of ${workflowId}: ${messageOf(error)}`, { remedy, cause: error });
    }
    const waited = Date.now() - startedAt;
    if (signal.aborted) throw new FleetError('cancelled', `Stopped waiting for ${workflowId}.`, { remedy });
    if (waited > timeoutSeconds * 1000) {
      throw new FleetError('upstream', `${workflowId} has not ended after ${timeoutSeconds} s.`, { remedy });
    }
    if (noteIsDue) {
      note(`${duration(waited)}: ${progress}`);
      nextNoteAt = Date.now() + PROGRESS_EVERY_MS;
    }
    await pause(200, signal);
  }
}

/** An execution with its tasks, its output and what went wrong. */
export function printExecution(execution: Execution, print: (line?: string) => void): void {
  const { workflowName, workflowVersion, workflowId, status, output } = execution;
  print(`${workflowName} v${workflowVersion}  ${workflowId}  ${status}  ${duration(runtimeOf(execution, Date.now()))}`);
  for (const task of latestAttempts(execution.tasks)) {
    const attempts = task.retryCount > 0 ? `  attempt ${task.retryCount + 1}` : '';
    const ref = task.referenceTaskName.padEnd(22);
    print(
      `  ${ref} ${task.taskType.padEnd(20)} ${task.status.padEnd(12)} ${duration(runtimeOf(task, Date.now()))}${attempts}`,
    );
  }
  const failure = failureOf(execution);
  if (failure) print(`  failed${failure.taskRef ? ` at ${failure.taskRef}` : ''}: ${failure.reason}`);
  print(`  output ${JSON.stringify(output)}`);
}

/** What runs or waits, in one line. */
function progressOf(execution: Execution): string {
  const tasks = latestAttempts(execution.tasks);
  const open = tasks.filter(({ status }) => status === 'IN_PROGRESS' || status === 'SCHEDULED');
  const last = open.at(-1) ?? tasks.at(-1);
  const done = tasks.length - open.length;
  return `${execution.status}, ${done} tasks done${last ? `, now ${last.referenceTaskName} (${last.status})` : ''}`;
}
