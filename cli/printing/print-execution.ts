import { failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { duration } from '../../core/text.ts';
import { standstillOf } from '../../workflows/model/standstill.ts';

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
  for (const line of standstillLines(execution)) print(`  ${line}`);
  const failure = failureOf(execution);
  if (failure) print(`  failed${failure.taskRef ? ` at ${failure.taskRef}` : ''}: ${failure.reason}`);
  print(`  output ${JSON.stringify(output)}`);
}

/** Says that nothing is open in a running execution, why, and what to do. */
function standstillLines(execution: Execution): string[] {
  const still = standstillOf(execution, Date.now());
  if (!still) return [];
  const { next, nullName, isFinal } = still;
  const task = next ? `task "${next.taskReferenceName}" (${next.type})` : 'the next task';
  if (!isFinal) return [`nothing is open: the server should schedule ${task} within a minute`];
  const why = nullName ? `: the name of its workflow, ${nullName}, is null` : '; the log of the server says why';
  return [
    `nothing is open, and nothing will happen: the server cannot schedule ${task}${why}`,
    `end it with DELETE /api/workflow/${execution.workflowId} (MCP: terminate_workflow), correct its input or definition, and start it again`,
  ];
}
