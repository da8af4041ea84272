import type { Permission } from '../../mcp/admission/permissions.ts';

/*
 * The permission that everything needs which a client can name. It is written out here, so that a test notices every change in the product.
 */

export const toolPermissions: Readonly<Record<string, Permission>> = {
  analyze_workflow_performance: 'executions:read',
  change_schedule: 'workflows:write',
  change_workers: 'workflows:write',
  claim_task: 'tasks:write',
  create_schedule: 'workflows:write',
  create_task_definition: 'workflows:write',
  create_workflow: 'workflows:write',
  decide_approval: 'approvals:decide',
  delete_workflow: 'workflows:write',
  describe_api: 'workflows:read',
  design_and_execute_workflow: 'workflows:write',
  diagnose_execution: 'executions:read',
  diff_workflow: 'workflows:read',
  execute_workflow: 'workflows:execute',
  get_execution_status: 'executions:read',
  get_my_permissions: 'workflows:read',
  get_queue_status: 'tasks:read',
  get_task_definition: 'tasks:read',
  get_workflow: 'workflows:read',
  get_workflow_template: 'workflows:read',
  invoke_api: 'workflows:read',
  list_pending_approvals: 'tasks:read',
  list_schedules: 'workflows:read',
  list_workflow_executions: 'executions:read',
  list_workflows: 'workflows:read',
  pause_workflow: 'workflows:execute',
  rerun_workflow: 'workflows:execute',
  resume_workflow: 'workflows:execute',
  retry_workflow: 'workflows:execute',
  search_api: 'workflows:read',
  search_docs: 'workflows:read',
  signal_workflow: 'workflows:execute',
  skip_task: 'workflows:execute',
  terminate_workflow: 'workflows:execute',
  update_task: 'tasks:write',
  validate_workflow: 'workflows:read',
};

/** Tools that change something. In read-only mode all of them are refused. */
export const changingTools: readonly string[] = [
  'change_schedule',
  'change_workers',
  'claim_task',
  'create_schedule',
  'create_task_definition',
  'create_workflow',
  'decide_approval',
  'delete_workflow',
  'design_and_execute_workflow',
  'execute_workflow',
  'invoke_api',
  'pause_workflow',
  'rerun_workflow',
  'resume_workflow',
  'retry_workflow',
  'signal_workflow',
  'skip_task',
  'terminate_workflow',
  'update_task',
];

interface Row {
  readonly permission: Permission;
  /** The tool that shows or does the same. */
  readonly tool: string;
}

/** By address. */
export const resources: Readonly<Record<string, Row>> = {
  'conductor://docs': { permission: 'workflows:read', tool: 'search_docs' },
  'conductor://docs/guide': { permission: 'workflows:read', tool: 'search_docs' },
  'conductor://templates': { permission: 'workflows:read', tool: 'get_workflow_template' },
  'conductor://templates/sequential': { permission: 'workflows:read', tool: 'get_workflow_template' },
  'conductor://workflows': { permission: 'workflows:read', tool: 'list_workflows' },
  'conductor://workflows/fake_flow': { permission: 'workflows:read', tool: 'get_workflow' },
  'conductor://workflows/fake_flow/1': { permission: 'workflows:read', tool: 'get_workflow' },
  'conductor://workflows/fake_flow/diagram': { permission: 'workflows:read', tool: 'get_workflow' },
  'conductor://executions/exec-1': { permission: 'executions:read', tool: 'get_execution_status' },
  'conductor://executions/exec-1/diagram': { permission: 'executions:read', tool: 'get_execution_status' },
  'conductor://executions/exec-1/output': { permission: 'executions:read', tool: 'get_execution_status' },
  'conductor://executions/exec-1/tasks/first/output': { permission: 'executions:read', tool: 'get_execution_status' },
  'ui://conductor-fleet/execution.html': { permission: 'executions:read', tool: 'get_execution_status' },
};

/** By name, with arguments. */
export const prompts: Readonly<Record<string, Row & { readonly args: Readonly<Record<string, string>> }>> = {
  author_workflow: { permission: 'workflows:read', tool: 'list_workflows', args: { goal: 'charge a card' } },
  diagnose_execution: { permission: 'executions:read', tool: 'diagnose_execution', args: { executionId: 'exec-1' } },
  operations_report: { permission: 'executions:read', tool: 'list_workflow_executions', args: {} },
};

/** Completions of an argument, by the address template of a resource. */
export const completions: readonly (Row & { readonly uri: string; readonly argument: string })[] = [
  { uri: 'conductor://workflows/{name}', argument: 'name', permission: 'workflows:read', tool: 'list_workflows' },
  {
    uri: 'conductor://workflows/{name}/{version}',
    argument: 'version',
    permission: 'workflows:read',
    tool: 'list_workflows',
  },
  {
    uri: 'conductor://templates/{name}',
    argument: 'name',
    permission: 'workflows:read',
    tool: 'get_workflow_template',
  },
  {
    uri: 'conductor://executions/{executionId}',
    argument: 'executionId',
    permission: 'executions:read',
    tool: 'list_workflow_executions',
  },
  {
    uri: 'conductor://executions/{executionId}/tasks/{taskRef}/output',
    argument: 'taskRef',
    permission: 'executions:read',
    tool: 'get_execution_status',
  },
];

/** Methods that name an execution. */
export const methods: Readonly<
  Record<string, Row & { readonly params: Readonly<Record<string, unknown>>; readonly era: 'legacy' | 'modern' }>
> = {
  'tasks/get': {
    permission: 'executions:read',
    tool: 'get_execution_status',
    era: 'modern',
    params: { taskId: 'exec-1.execute_workflow' },
  },
  'tasks/update': {
    permission: 'approvals:decide',
    tool: 'decide_approval',
    era: 'modern',
    params: { taskId: 'exec-1.execute_workflow', inputResponses: {} },
  },
  'tasks/cancel': {
    permission: 'workflows:execute',
    tool: 'terminate_workflow',
    era: 'modern',
    params: { taskId: 'exec-1.execute_workflow' },
  },
  'subscriptions/listen': {
    permission: 'executions:read',
    tool: 'get_execution_status',
    era: 'modern',
    params: { notifications: { resourceSubscriptions: ['conductor://executions/exec-1'] } },
  },
  'resources/subscribe': {
    permission: 'executions:read',
    tool: 'get_execution_status',
    era: 'legacy',
    params: { uri: 'conductor://executions/exec-1' },
  },
  'resources/unsubscribe': {
    permission: 'executions:read',
    tool: 'get_execution_status',
    era: 'legacy',
    params: { uri: 'conductor://executions/exec-1' },
  },
};

/** One request for everything in the tables, with what is expected of it. */
export interface Walk {
  readonly what: string;
  readonly permission: Permission;
  readonly tool: string;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** A request for every tool, resource, prompt, completion and method of an era. `subscribes`: the connection stays open. */
export function walk(
  examples: Readonly<Record<string, { readonly args: Readonly<Record<string, unknown>> }>>,
  { era, subscribes }: { readonly era: 'legacy' | 'modern'; readonly subscribes: boolean },
): Walk[] {
  const named = ([method]: [string, unknown]) => subscribes || !/subscri/.test(method);
  return [
    ...Object.entries(toolPermissions).map(([name, permission]) => ({
      what: name,
      permission,
      tool: name,
      method: 'tools/call',
      params: { name, arguments: examples[name]?.args },
    })),
    ...Object.entries(resources).map(([uri, row]) => ({
      what: uri,
      ...row,
      method: 'resources/read',
      params: { uri },
    })),
    ...Object.entries(prompts).map(([name, { args, ...row }]) => ({
      what: name,
      ...row,
      method: 'prompts/get',
      params: { name, arguments: args },
    })),
    ...completions.map(({ uri, argument, ...row }) => ({
      what: `${uri} ${argument}`,
      ...row,
      method: 'completion/complete',
      params: { ref: { type: 'ref/resource', uri }, argument: { name: argument, value: '' } },
    })),
    ...Object.entries(methods)
      .filter(([, row]) => row.era === era)
      .filter(named)
      .map(([method, { permission, tool, params }]) => ({
        what: method,
        permission,
        tool,
        method,
        params,
      })),
  ];
}
