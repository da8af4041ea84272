import { failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { duration } from '../../core/text.ts';

/** Prints an execution with its tasks, its failure and its output. */
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
