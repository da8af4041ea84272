import type { Execution } from '../../core/conductor/types.ts';
import type { Advice } from './root-cause.ts';

/** Builds suggested calls. Each kind of call is built only here. */

/** An input that is longer than this, in characters of JSON, is not repeated in a call. */
const INPUT_SHOWN = 600;

/** Retries the failed tasks. The parent executions continue too. */
export function retry(say: string, { workflowId }: Execution): Advice {
  return { say, call: { tool: 'retry_workflow', args: { executionIds: [workflowId] } } };
}

/** Starts a new execution with the same definition and input. The caller may change the input first. */
export function startAgain(
  say: string,
  { workflowName: name, workflowVersion: version, input, workflowId }: Execution,
): Advice {
  if (JSON.stringify(input).length <= INPUT_SHOWN) {
    return { say, call: { tool: 'execute_workflow', args: { name, version, input } } };
  }
  const args = { executionId: workflowId, detail: 'full' };
  return {
    say: `${say}. Use execute_workflow with the input that this call shows`,
    call: { tool: 'get_execution_status', args },
  };
}

/** Shows the definition as JSON, so that the caller can correct it and register it with `create_workflow`. */
export function showDefinition(say: string, { workflowName: name, workflowVersion: version }: Execution): Advice {
  return { say, call: { tool: 'get_workflow', args: { name, version, detail: 'json' } } };
}

/** The input and output of one task. */
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

/** Waits up to 30 s for the end of an execution. */
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
