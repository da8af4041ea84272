/** A call of a tool that is right in form. */
export interface Example {
  readonly args: Readonly<Record<string, unknown>>;
  /** It is answered without a Conductor server. */
  readonly needsNoServer?: true;
}

/** One for every tool; a tool without one fails the tests that walk over all of them. */
export const examples: Readonly<Record<string, Example>> = {
  analyze_workflow_performance: { args: { workflowName: 'fake_flow' } },
  diagnose_execution: { args: { executionId: 'exec-1' } },
  create_task_definition: { args: { name: 'example_task', retryCount: 2 } },
  create_workflow: { args: { name: 'example', tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] } },
  decide_approval: { args: { executionId: 'exec-1', taskRef: 'first', decision: 'approve', reason: 'fine' } },
  delete_workflow: { args: { name: 'fake_flow', version: 1 } },
  design_and_execute_workflow: { args: { name: 'example', steps: [{ id: 'a', type: 'jq', query: '1' }] } },
  diff_workflow: { args: { name: 'fake_flow', definition: { name: 'fake_flow', tasks: [] } } },
  execute_workflow: { args: { name: 'fake_flow', input: {} } },
  get_task_definition: { args: {} },
  get_workflow_template: { args: { name: 'sequential' }, needsNoServer: true },
  get_execution_status: { args: { executionId: 'exec-1' } },
  get_workflow: { args: { name: 'fake_flow' } },
  list_workflow_executions: { args: { limit: 5 } },
  list_workflows: { args: {} },
  list_pending_approvals: { args: { limit: 5 } },
  pause_workflow: { args: { executionIds: ['exec-1'] } },
  rerun_workflow: { args: { executionId: 'exec-1' } },
  resume_workflow: { args: { executionIds: ['exec-1'] } },
  retry_workflow: { args: { executionIds: ['exec-1'] } },
  signal_workflow: { args: { executionId: 'exec-1' } },
  skip_task: { args: { executionId: 'exec-1', taskRef: 'first' } },
  terminate_workflow: { args: { executionIds: ['exec-1'], reason: 'not needed' } },
  validate_workflow: {
    args: { definition: { name: 'example', tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] } },
  },
};
