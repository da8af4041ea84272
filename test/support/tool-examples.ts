/** A call of a tool that is right in form. */
export interface Example {
  readonly args: Readonly<Record<string, unknown>>;
  /** It is answered without a Conductor server. */
  readonly needsNoServer?: true;
}

/** One for every tool; a tool without one fails the tests that walk over all of them. */
export const examples: Readonly<Record<string, Example>> = {
  claim_task: { args: { taskTypes: ['fake_task'] } },
  create_workflow: { args: { name: 'example', tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] } },
  execute_workflow: { args: { name: 'fake_flow', input: {} } },
  get_execution_status: { args: { executionId: 'exec-1' } },
  get_queue_status: { args: { limit: 5 } },
  list_workflow_executions: { args: { limit: 5 } },
  update_task: { args: { claimId: 'task-1:1', status: 'complete', output: { answer: 42 } } },
};
