import { hasTask, http, simple, type Trouble, task } from './scene.ts';

const patient = { retryCount: 0, retryDelaySeconds: 0, timeoutSeconds: 0, responseTimeoutSeconds: 3600 };

/** Open executions that wait or hang. The key of each names the reason. */
export const openTroubles = {
  nobodyPolls: {
    taskDefs: { charge: patient },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    until: hasTask('SCHEDULED'),
  },
  otherDomain: {
    taskDefs: { charge: patient },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    taskToDomain: ({ named }) => ({ [named('charge')]: 'night' }),
    drive: async ({ conductor, named }) =>
      void (await conductor.pollTasks(named('charge'), { count: 1, timeoutMs: 0, workerId: 'w-1' })),
    until: hasTask('SCHEDULED'),
  },
  inHand: {
    taskDefs: { charge: patient },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    drive: async ({ take, named }) => void (await take(named('charge'))),
    until: hasTask('IN_PROGRESS'),
  },
  retryPending: {
    taskDefs: { charge: { ...patient, retryCount: 3, retryDelaySeconds: 600 } },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    drive: async ({ take, answer, named }) => {
      await answer(await take(named('charge')), { status: 'FAILED', reasonForIncompletion: 'ledger is locked' });
    },
    until: hasTask('SCHEDULED'),
  },
  limited: {
    taskDefs: { charge: { ...patient, concurrentExecLimit: 1 } },
    workflows: ({ named }) => ({
      flow: {
        tasks: [
          task('fork', 'FORK_JOIN', {
            forkTasks: [[simple('first', named('charge'))], [simple('second', named('charge'))]],
          }),
          task('join', 'JOIN', { joinOn: ['first', 'second'] }),
        ],
      },
    }),
    drive: async ({ conductor, take, named }) => {
      await take(named('charge'));
      await conductor.pollTasks(named('charge'), { count: 1, timeoutMs: 100, workerId: 'w-2' });
    },
    until: hasTask('SCHEDULED'),
  },
  person: {
    workflows: () => ({
      flow: { tasks: [task('approve', 'HUMAN', { inputParameters: { question: 'Refund 40 EUR?' } })] },
    }),
    until: hasTask('IN_PROGRESS'),
  },
  signal: {
    workflows: () => ({ flow: { tasks: [task('paid', 'WAIT')] } }),
    until: hasTask('IN_PROGRESS'),
  },
  timer: {
    workflows: () => ({ flow: { tasks: [task('sleep', 'WAIT', { inputParameters: { duration: '2 hours' } })] } }),
    until: hasTask('IN_PROGRESS'),
  },
  paused: {
    workflows: () => ({ flow: { tasks: [task('paid', 'WAIT')] } }),
    drive: async ({ conductor, workflowId }) => {
      await fetch(`${conductor.serverUrl}/workflow/${workflowId}/pause`, { method: 'PUT' });
    },
    until: ({ status }) => status === 'PAUSED',
  },
  childWaits: {
    taskDefs: { charge: patient },
    workflows: ({ named }) => ({
      flow: { tasks: [task('ship', 'SUB_WORKFLOW', { subWorkflowParam: { name: named('inner'), version: 1 } })] },
      inner: { tasks: [simple('charge', named('charge'))] },
    }),
    until: ({ tasks }) => tasks.some(({ status, subWorkflowId }) => status === 'IN_PROGRESS' && subWorkflowId),
  },
  calleeNull: {
    workflows: () => ({
      flow: {
        tasks: [
          task('sleep', 'WAIT', { inputParameters: { duration: '1 seconds' } }),
          task('ship', 'SUB_WORKFLOW', { subWorkflowParam: { name: '${workflow.input.which}', version: 1 } }),
        ],
      },
    }),
    until: hasTask('COMPLETED'),
  },
  calleeNullInLoop: {
    workflows: () => ({
      flow: {
        tasks: [
          task('sleep', 'WAIT', { inputParameters: { duration: '1 seconds' } }),
          task('again', 'DO_WHILE', {
            inputParameters: {},
            loopCondition: 'false',
            loopOver: [
              task('ship', 'SUB_WORKFLOW', { subWorkflowParam: { name: '${workflow.variables.which}', version: 1 } }),
            ],
          }),
        ],
      },
    }),
    until: ({ tasks }) => tasks.some(({ taskType, status }) => taskType === 'DO_WHILE' && status === 'IN_PROGRESS'),
  },
  noSuchType: {
    workflows: () => ({ flow: { tasks: [task('both', 'PARALLEL')] } }),
    until: hasTask('SCHEDULED'),
  },
  slowCall: {
    workflows: ({ named, shopUrl }) => ({
      flow: { tasks: [http('look_up', `${shopUrl}/flaky/${named('slow')}`, { readTimeOut: 20_000 })] },
    }),
    prepare: async ({ named, shopUrl }) => {
      const fault = { path: `/flaky/${named('slow')}`, delayMs: 12_000 };
      await fetch(`${shopUrl}/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fault),
      });
    },
    until: ({ tasks }) => tasks.some(({ status, startTime }) => status === 'SCHEDULED' && startTime > 0),
  },
} satisfies Record<string, Trouble>;
