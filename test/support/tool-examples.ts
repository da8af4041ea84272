import { testClaim } from './tool-calls.ts';
/** A valid example call of one tool. */
export interface Example {
  readonly args: Readonly<Record<string, unknown>>;
  /** True if the tool answers without a Conductor server. */
  readonly needsNoServer?: true;
}

/** An example for every tool. The tests that run over all tools fail for a tool without an example. */
export const examples: Readonly<Record<string, Example>> = {
  analyze_workflow_performance: { args: { workflowName: 'fake_flow' } },
  change_schedule: { args: { name: 'every_day', action: 'pause' } },
  change_workers: { args: { action: 'pause', taskType: 'ship_order' }, needsNoServer: true },
  claim_task: { args: { taskTypes: ['fake_task'] } },
  create_schedule: { args: { name: 'every_day', workflowName: 'fake_flow', cron: '0 0 9 * * *' } },
  create_task_definition: { args: { name: 'example_task', retryCount: 2 } },
  create_workflow: { args: { name: 'example', tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] } },
  decide_approval: { args: { executionId: 'exec-1', taskRef: 'first', decision: 'approve', reason: 'fine' } },
  delete_workflow: { args: { name: 'fake_flow', version: 1 } },
  describe_api: { args: { operation: 'getEventHandlers' }, needsNoServer: true },
  design_and_execute_workflow: { args: { name: 'example', steps: [{ id: 'a', type: 'jq', query: '1' }] } },
  diagnose_execution: { args: { executionId: 'exec-1' } },
  diff_workflow: { args: { name: 'fake_flow', definition: { name: 'fake_flow', tasks: [] } } },
  execute_workflow: { args: { name: 'fake_flow', input: {} } },
  get_execution_status: { args: { executionId: 'exec-1' } },
  get_my_permissions: { args: {}, needsNoServer: true },
  get_queue_status: { args: { limit: 5 } },
  get_task_definition: { args: {} },
  get_workflow: { args: { name: 'fake_flow' } },
  get_workflow_template: { args: { name: 'sequential' }, needsNoServer: true },
  invoke_api: { args: { operation: 'getEventHandlers' } },
  list_pending_approvals: { args: { limit: 5 } },
  list_schedules: { args: { limit: 5 } },
  list_workflow_executions: { args: { limit: 5 } },
  list_workflows: { args: {} },
  pause_workflow: { args: { executionIds: ['exec-1'] } },
  rerun_workflow: { args: { executionId: 'exec-1' } },
  resume_workflow: { args: { executionIds: ['exec-1'] } },
  retry_workflow: { args: { executionIds: ['exec-1'] } },
  search_api: { args: { query: 'event handlers' }, needsNoServer: true },
  search_docs: { args: { query: 'loop over a list' }, needsNoServer: true },
  signal_workflow: { args: { executionId: 'exec-1' } },
  skip_task: { args: { executionId: 'exec-1', taskRef: 'first' } },
  terminate_workflow: { args: { executionIds: ['exec-1'], reason: 'not needed' } },
  update_task: { args: { claimId: testClaim, status: 'complete', output: { answer: 42 } } },
  validate_workflow: {
    args: { definition: { name: 'example', tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] } },
  },
};
