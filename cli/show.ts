import type { Conductor } from '../core/conductor/api.ts';
import { failureOf, latestAttempts, runtimeOf } from '../core/conductor/execution.ts';
import { type Execution, hasEnded } from '../core/conductor/types.ts';
import { pause } from '../core/drain.ts';
import { FleetError } from '../core/errors.ts';
import { duration } from '../core/text.ts';

interface FollowOptions {
  signal: AbortSignal;
  note(line: string): void;
  timeoutSeconds?: number | undefined;
}

/** Nothing longer than this goes by without a word. */
const PROGRESS_EVERY_MS = 2_000;

/**
 * Waits for the end of an execution and tells on the way what it is doing.
 * @throws FleetError `cancelled` when interrupted, `upstream` when `timeoutSeconds` are over; the execution goes on in both cases
 */
export async function followExecution(
  conductor: Conductor,
  workflowId: string,
  { signal, note, timeoutSeconds }: FollowOptions,
): Promise<Execution> {
  const startedAt = Date.now();
  let nextNoteAt = startedAt + PROGRESS_EVERY_MS;
  for (;;) {
    const { status } = await conductor.getStatus(workflowId);
    if (hasEnded(status)) return conductor.getExecution(workflowId);
    const now = Date.now();
    const goesOn = { remedy: `It goes on; look with \`fleet status ${workflowId}\`.` };
    if (signal.aborted) throw new FleetError('cancelled', `Stopped waiting for ${workflowId}.`, goesOn);
    if (timeoutSeconds && now - startedAt > timeoutSeconds * 1000) {
      throw new FleetError('upstream', `${workflowId} has not ended after ${timeoutSeconds} s.`, goesOn);
    }
    if (now >= nextNoteAt) {
      note(`${duration(now - startedAt)}: ${progressOf(await conductor.getExecution(workflowId))}`);
      nextNoteAt = now + PROGRESS_EVERY_MS;
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
