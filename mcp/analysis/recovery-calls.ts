import type { Execution } from '../../core/conductor/types.ts';
import type { Advice } from './root-cause.ts';

/** Calls that recover, each in one place, so that advice and tools cannot drift apart. */

/** An input of more JSON is not repeated in a call. */
const INPUT_SHOWN = 600;

/** Schedules again what failed, and lets the parents go on. */
export function retry(say: string, { workflowId }: Execution): Advice {
  return { say, call: { tool: 'retry_workflow', args: { executionIds: [workflowId] } } };
}

/** A new execution of the same definition with the same input, to be changed before it is sent. */
export function runAgain(
  say: string,
  { workflowName: name, workflowVersion: version, input, workflowId }: Execution,
): Advice {
  if (JSON.stringify(input).length <= INPUT_SHOWN) {
    return { say, call: { tool: 'execute_workflow', args: { name, version, input } } };
  }
  const args = { executionId: workflowId, detail: 'full' };
  return {
    say: `${say}, by execute_workflow with the input that this shows`,
    call: { tool: 'get_execution_status', args },
  };
}

/** The definition as it is, to be mended by `create_workflow`. */
export function showDefinition(say: string, { workflowName: name, workflowVersion: version }: Execution): Advice {
  return { say, call: { tool: 'get_workflow', args: { name, version, detail: 'json' } } };
}

/** The inputs and outputs of one task. */
export function showTask(say: string, { workflowId }: Execution, taskRef: string): Advice {
  return { say, call: { tool: 'get_execution_status', args: { executionId: workflowId, detail: 'task', taskRef } } };
}

export function showQueue(say: string, taskType: string): Advice {
  return { say, call: { tool: 'get_queue_status', args: { taskType } } };
}

export function resume(say: string, { workflowId }: Execution): Advice {
  return { say, call: { tool: 'resume_workflow', args: { executionIds: [workflowId] } } };
}

export function terminate(say: string, { workflowId }: Execution, reason: string): Advice {
  return { say, call: { tool: 'terminate_workflow', args: { executionIds: [workflowId], reason } } };
}

/** Waits for the end of an execution for a while. */
export function follow(say: string, executionId: string): Advice {
  return { say, call: { tool: 'get_execution_status', args: { executionId, waitSeconds: 30 } } };
}

export function listApprovals(say: string, { workflowId }: Execution): Advice {
  return { say, call: { tool: 'list_pending_approvals', args: { executionId: workflowId } } };
}

export function signal(say: string, { workflowId }: Execution, taskRef: string): Advice {
  return { say, call: { tool: 'signal_workflow', args: { executionId: workflowId, taskRef, output: {} } } };
}

export function diagnose(say: string, executionId: string): Advice {
  return { say, call: { tool: 'diagnose_execution', args: { executionId } } };
}
