import { type Route, route } from '../route.ts';

/** Routes about agents that the server itself runs. */
export const agents: readonly Route[] = [
  route(
    'compileAgent',
    'POST /api/agent/compile',
    'Compile an agent to a workflow definition without registering it.',
    'workflows:write',
    'object',
    { body: 'AgentStartRequest' },
  ),
  route(
    'inspectPlan',
    'POST /api/agent/inspect-plan',
    'Compile and look at a plan of an agent.',
    'workflows:write',
    'object',
    { body: 'InspectPlanRequest' },
  ),
  route('deployAgent', 'POST /api/agent/deploy', 'Register an agent as a workflow.', 'workflows:write', 'object', {
    body: 'AgentStartRequest',
  }),
  route('startAgent', 'POST /api/agent/start', 'Register an agent and start it.', 'workflows:write', 'object', {
    body: 'AgentStartRequest',
  }),
  route(
    'streamAgent',
    'GET /api/agent/stream/{executionId}',
    'Server-sent events of an agent execution.',
    'executions:read',
    'any',
  ),
  route(
    'respondToAgent',
    'POST /api/agent/{executionId}/respond',
    'Answer an agent that waits for a person.',
    'workflows:execute',
    'nothing',
    {
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
    },
  ),
  route(
    'pushFrameworkEvent',
    'POST /api/agent/events/{executionId}',
    'Add an event of a framework to an agent execution.',
    'workflows:execute',
    'nothing',
    { body: 'object' },
  ),
  route('listAgents', 'GET /api/agent/list', 'List the registered agents.', 'executions:read', 'array'),
  route('getAgentDef', 'GET /api/agent/{name}', 'Read an agent.', 'executions:read', 'object', {
    query: { version: 'integer' },
  }),
  route('deleteAgent', 'DELETE /api/agent/{name}', 'Delete an agent.', 'workflows:write', 'nothing', {
    query: { version: 'integer' },
    destructive: true,
  }),
  route(
    'pauseAgent',
    'PUT /api/agent/{executionId}/pause',
    'Pause an agent execution.',
    'workflows:execute',
    'nothing',
  ),
  route(
    'resumeAgent',
    'PUT /api/agent/{executionId}/resume',
    'Resume an agent execution.',
    'workflows:execute',
    'nothing',
  ),
  route(
    'cancelAgent',
    'DELETE /api/agent/{executionId}/cancel',
    'Cancel an agent execution.',
    'workflows:execute',
    'nothing',
    { query: { reason: 'string' }, destructive: true },
  ),
  route(
    'stopAgent',
    'POST /api/agent/{executionId}/stop',
    'Ask an agent to stop after its turn.',
    'workflows:execute',
    'nothing',
  ),
  route(
    'signalAgent',
    'POST /api/agent/{executionId}/signal',
    'Send a message to a running agent.',
    'workflows:execute',
    'nothing',
    { body: 'object' },
  ),
  route(
    'getAgentStatus',
    'GET /api/agent/{executionId}/status',
    'Status of an agent execution.',
    'executions:read',
    'object',
  ),
  route(
    'agentGetExecution',
    'GET /api/agent/execution/{executionId}',
    'Read an agent execution as a run.',
    'executions:read',
    'object',
  ),
  route(
    'injectTask',
    'POST /api/agent/{executionId}/tasks',
    'Add a task to an agent execution.',
    'workflows:write',
    'object',
    { body: 'InjectTaskRequest' },
  ),
  route(
    'agentCreateTrackingExecution',
    'POST /api/agent/execution',
    'Make an execution that only records the run of an outside agent.',
    'workflows:execute',
    'object',
    { body: 'CreateTrackingWorkflowRequest' },
  ),
  route(
    'agentCompleteTrackingExecution',
    'POST /api/agent/execution/{executionId}/complete',
    'End an execution that records an outside agent.',
    'workflows:execute',
    'nothing',
    {
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
    },
  ),
  route(
    'agentUpdateTaskStatus',
    'POST /api/agent/tasks/{executionId}/{refTaskName}/{status}',
    'Update a task of an agent execution.',
    'workflows:execute',
    'nothing',
    {
      query: { workerid: 'string' },
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
    },
  ),
  route(
    'agentGetTaskLogs',
    'GET /api/agent/tasks/{taskId}/log',
    'Log of a task of an agent.',
    'executions:read',
    'array',
  ),
  route(
    'getAgentDefinition',
    'GET /api/agent/definitions/{name}',
    'Read the workflow definition of an agent.',
    'executions:read',
    'object',
    { query: { version: 'integer' } },
  ),
];
