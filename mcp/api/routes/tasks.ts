import { type Route, route, SEARCH } from '../route.ts';

/** Routes about tasks and their queues. */
export const tasks: readonly Route[] = [
  route(
    'getPendingTasks',
    'GET /api/admin/task/{tasktype}',
    'Get the list of pending tasks for a given task type.',
    'tasks:read',
    'array',
    { query: { start: 'integer', count: 'integer' }, trap: 'Whole tasks; keep count small.' },
  ),
  route(
    'getEventQueueSizes',
    'GET /api/queue/size',
    'Lengths of the event queues that complete WAIT tasks.',
    'tasks:read',
    'object',
  ),
  route(
    'getEventQueueNames',
    'GET /api/queue/',
    'Names of the event queues that complete WAIT tasks.',
    'tasks:read',
    'object',
  ),
  route(
    'publishToTaskByRef',
    'POST /api/queue/update/{workflowId}/{taskRefName}/{status}',
    'Publish a message in queue to mark a wait task as completed.',
    'workflows:execute',
    'nothing',
    {
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Needs an event queue; 400 without.',
    },
  ),
  route(
    'publishToTask',
    'POST /api/queue/update/{workflowId}/task/{taskId}/{status}',
    'Publish a message in queue to mark a wait task (by taskId) as completed.',
    'workflows:execute',
    'nothing',
    {
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Needs an event queue; 400 without.',
    },
  ),
  route(
    'pollTask',
    'GET /api/tasks/poll/{tasktype}',
    'Poll for a task of a certain type.',
    'workflows:execute',
    'any',
    {
      query: { workerid: 'string', domain: 'string' },
      refused: 'tasks are taken with claim_task, which keeps their lease',
      trap: 'Takes the task: it is in progress for the worker that is named.',
      instead: 'claim_task',
    },
  ),
  route(
    'pollTasks',
    'GET /api/tasks/poll/batch/{tasktype}',
    'Batch poll for a task of a certain type.',
    'workflows:execute',
    'any',
    {
      query: { workerid: 'string', domain: 'string', count: 'integer', timeout: 'integer' },
      refused: 'tasks are taken with claim_task, which keeps their lease',
      trap: 'Takes the tasks. With count above 1 the server waits the whole timeout unless it finds so many.',
      instead: 'claim_task',
    },
  ),
  route('updateTask', 'POST /api/tasks', 'Update a task.', 'workflows:execute', 'text', {
    body: 'TaskResult',
    refused:
      'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
    trap: 'A late or second update is answered 200 and ignored.',
    instead: 'update_task',
  }),
  route(
    'updateTaskAndPoll',
    'POST /api/tasks/update-v2',
    'Update a task and get the next one of its type.',
    'workflows:execute',
    'any',
    {
      body: 'TaskResult',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Takes the next task of the type as well.',
    },
  ),
  route(
    'updateTaskByRef',
    'POST /api/tasks/{workflowId}/{taskRefName}/{status}',
    'Update a task By Ref Name.',
    'workflows:execute',
    'any',
    {
      query: { workerid: 'string' },
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Answered 200 with nothing where no such task is open.',
    },
  ),
  route(
    'updateTaskByRefSync',
    'POST /api/tasks/{workflowId}/{taskRefName}/{status}/sync',
    'Update a task By Ref Name synchronously and return the updated workflow.',
    'workflows:execute',
    'object',
    {
      query: { workerid: 'string' },
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Answered 404 where no such task is open.',
    },
  ),
  route(
    'signalWorkflow',
    'POST /api/tasks/{workflowId}/{status}/signal',
    "Signal the workflow's currently blocked task with the given status and output asynchronously.",
    'workflows:execute',
    'nothing',
    {
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Answered 200 even if nothing waits. Completes WAIT tasks only.',
      instead: 'signal_workflow',
    },
  ),
  route(
    'signalWorkflowSync',
    'POST /api/tasks/{workflowId}/{status}/signal/sync',
    "Signal the workflow's currently blocked task synchronously and return the updated workflow per the return strategy.",
    'workflows:execute',
    'object',
    {
      query: { returnStrategy: 'string', timeoutMillis: 'integer' },
      body: 'object',
      refused:
        'results of tasks go through update_task, decide_approval and signal_workflow, which look whose task it is',
      trap: 'Completes WAIT tasks only; 404 where nothing waits.',
      instead: 'signal_workflow',
    },
  ),
  route('addTaskLog', 'POST /api/tasks/{taskId}/log', 'Log Task Execution Details.', 'workflows:execute', 'nothing', {
    body: 'text',
    trap: 'The body is raw text.',
  }),
  route('getTaskLogs', 'GET /api/tasks/{taskId}/log', 'Get Task Execution Logs.', 'tasks:read', 'any', {
    trap: 'Empty where there are none.',
  }),
  route('getTask', 'GET /api/tasks/{taskId}', 'Get task by Id.', 'tasks:read', 'object'),
  route('getQueueSizes', 'GET /api/tasks/queue/sizes', 'Queue lengths of several task types.', 'tasks:read', 'object', {
    query: { taskType: 'strings!' },
    instead: 'get_queue_status',
  }),
  route('getQueueSize', 'GET /api/tasks/queue/size', 'Get queue size for a task type.', 'tasks:read', 'number', {
    query: { taskType: 'string!', domain: 'string', isolationGroupId: 'string', executionNamespace: 'string' },
    instead: 'get_queue_status',
  }),
  route(
    'getAllQueuesVerbose',
    'GET /api/tasks/queue/all/verbose',
    'Length of every queue, what is out of sight apart.',
    'tasks:read',
    'object',
    { instead: 'get_queue_status' },
  ),
  route('getAllQueues', 'GET /api/tasks/queue/all', 'Length of every queue.', 'tasks:read', 'object', {
    instead: 'get_queue_status',
  }),
  route(
    'getPollData',
    'GET /api/tasks/queue/polldata',
    'Get the last poll data for a given task type.',
    'tasks:read',
    'array',
    { query: { taskType: 'string!' }, instead: 'get_queue_status' },
  ),
  route(
    'getAllPollData',
    'GET /api/tasks/queue/polldata/all',
    'Get the last poll data for all task types.',
    'tasks:read',
    'array',
    { instead: 'get_queue_status' },
  ),
  route(
    'requeuePendingTasks',
    'POST /api/tasks/queue/requeue/{taskType}',
    'Requeue pending tasks.',
    'workflows:execute',
    'text',
  ),
  route('searchTasks', 'GET /api/tasks/search', 'Search tasks; rows are summaries.', 'tasks:read', 'object', {
    query: SEARCH,
    trap: 'Only = < > IN, joined by AND; an unknown field is ignored and matches everything. WAIT tasks are found only when they have ended.',
  }),
  route('searchTasksWhole', 'GET /api/tasks/search-v2', 'Search tasks; rows are whole tasks.', 'tasks:read', 'object', {
    query: SEARCH,
  }),
  route(
    'getTaskPayloadLocation',
    'GET /api/tasks/externalstoragelocation',
    'Where the server would store a large payload of a task.',
    'workflows:write',
    'object',
    { query: { path: 'string!', operation: 'string!', payloadType: 'string!' } },
  ),
];
