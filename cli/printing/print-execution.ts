import { failureOf, latestAttempts, runtimeOf } from '../../core/conductor/execution-facts.ts';
import { isForWorkers } from '../../core/conductor/task-types.ts';
import type { Execution, Task } from '../../core/conductor/types.ts';
import { duration } from '../../core/text.ts';
import { judgeTaken } from '../../mcp/analysis/judge-worker-task.ts';
import { standstillOf } from '../../workflows/model/standstill.ts';

/**
 * Prints an execution with its tasks, its failure and its output.
 * @param gone ids of the worker processes that are known to have died
 */
export function printExecution(
  execution: Execution,
  print: (line?: string) => void,
  gone: ReadonlySet<string> = new Set(),
): void {
  const { workflowName, workflowVersion, workflowId, status, output } = execution;
  print(`${workflowName} v${workflowVersion}  ${workflowId}  ${status}  ${duration(runtimeOf(execution, Date.now()))}`);
  for (const task of latestAttempts(execution.tasks)) {
    const attempts = task.retryCount > 0 ? `  attempt ${task.retryCount + 1}` : '';
    const ref = task.referenceTaskName.padEnd(22);
    print(
      `  ${ref} ${task.taskType.padEnd(20)} ${task.status.padEnd(12)} ${duration(runtimeOf(task, Date.now()))}${attempts}`,
    );
    if (task.status === 'IN_PROGRESS' && isForWorkers(task)) print(`    ${holderOf(execution, task, gone)}`);
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

/** Which worker process has the task, and what happens next if that process is gone or silent. */
function holderOf(execution: Execution, task: Task, gone: ReadonlySet<string>): string {
  const { workerId, responseTimeoutSeconds } = task;
  if (!workerId || !gone.has(workerId)) return judgeTaken(execution, task, Date.now()).sentence;
  const lease = responseTimeoutSeconds > 0 ? `its lease of ${responseTimeoutSeconds} s` : 'its lease';
  return `Its worker ${workerId} is gone. The server gives the task to another worker when ${lease} is over.`;
}
