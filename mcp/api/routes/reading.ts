import { type Route, route, SEARCH } from '../route.ts';

/** Routes that read workflow executions. */
export const reading: readonly Route[] = [
  route(
    'getWorkflowsByIds',
    'POST /api/workflow/bulk/search',
    'Read many executions by their ids.',
    'executions:read',
    'object',
    { query: { includeTasks: 'boolean' }, body: 'strings' },
  ),
  route(
    'getCorrelatedWorkflows',
    'GET /api/workflow/{name}/correlated/{correlationId}',
    'Lists workflows for the given correlation id.',
    'executions:read',
    'array',
    {
      query: { includeClosed: 'boolean', includeTasks: 'boolean' },
      trap: 'Ended executions are left out unless includeClosed is true.',
    },
  ),
  route(
    'getWorkflowTasks',
    'GET /api/workflow/{workflowId}/tasks',
    'Tasks of an execution, in pages.',
    'executions:read',
    'object',
    {
      query: { start: 'integer', count: 'integer', status: 'strings' },
      trap: 'The server loads all of them for each page.',
    },
  ),
  route(
    'getCorrelatedWorkflowsOfMany',
    'POST /api/workflow/{name}/correlated',
    'Lists workflows for the given correlation id list.',
    'executions:read',
    'object',
    {
      query: { includeClosed: 'boolean', includeTasks: 'boolean' },
      body: 'strings',
      trap: 'Ended executions are left out unless includeClosed is true.',
    },
  ),
  route(
    'getWorkflow',
    'GET /api/workflow/{workflowId}',
    'Read an execution with its tasks.',
    'executions:read',
    'object',
    { query: { includeTasks: 'boolean' }, instead: 'get_execution_status' },
  ),
  route(
    'getWorkflowStatus',
    'GET /api/workflow/{workflowId}/status',
    'Status of an execution, the cheapest look.',
    'executions:read',
    'object',
    { query: { includeOutput: 'boolean', includeVariables: 'boolean' }, instead: 'get_execution_status' },
  ),
  route(
    'getRunningWorkflows',
    'GET /api/workflow/running/{name}',
    'Ids of the running executions of one version.',
    'executions:read',
    'array',
    {
      query: { version: 'integer', startTime: 'integer', endTime: 'integer' },
      trap: 'version is 1 where none is given, not the latest.',
    },
  ),
  route(
    'searchWorkflows',
    'GET /api/workflow/search',
    'Search executions; rows are summaries.',
    'executions:read',
    'object',
    {
      query: { ...SEARCH, classifier: 'string', topLevelOnly: 'boolean' },
      trap: 'Only = < > IN, joined by AND; an unknown field is ignored and matches everything. Sort by startTime:DESC, there is no order otherwise.',
      instead: 'list_workflow_executions',
    },
  ),
  route(
    'searchWorkflowsWhole',
    'GET /api/workflow/search-v2',
    'Search executions; rows are whole executions.',
    'executions:read',
    'object',
    {
      query: { ...SEARCH, classifier: 'string', topLevelOnly: 'boolean' },
    },
  ),
  route(
    'searchWorkflowsByTasks',
    'GET /api/workflow/search-by-tasks',
    'Search executions by conditions on their tasks; rows are summaries.',
    'executions:read',
    'object',
    { query: SEARCH },
  ),
  route(
    'searchWorkflowsByTasksWhole',
    'GET /api/workflow/search-by-tasks-v2',
    'Search executions by conditions on their tasks; rows are whole executions.',
    'executions:read',
    'object',
    { query: SEARCH },
  ),
];
