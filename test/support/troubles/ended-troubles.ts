import { cancelledTroubles } from './cancelled-troubles.ts';
import { forkOf, hasTask, http, isEnded, noRetry, simple, type Trouble, task } from './scene.ts';

const script = (ref: string, expression: string, inputs: Record<string, unknown> = {}) =>
  task(ref, 'INLINE', { inputParameters: { evaluatorType: 'graaljs', expression, ...inputs } });

/** Executions that did not succeed. The key of each names the mistake. */
export const endedTroubles = {
  ...cancelledTroubles,
  workerFailed: {
    taskDefs: { charge: { ...noRetry, retryCount: 1 } },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'), { amount: 5 })] } }),
    drive: async ({ take, answer, named }) => {
      for (const reasonForIncompletion of ['ledger is locked', 'ledger is still locked']) {
        await answer(await take(named('charge')), { status: 'FAILED', reasonForIncompletion });
      }
    },
    until: isEnded,
  },
  inputRefused: {
    taskDefs: { charge: noRetry },
    workflows: ({ named }) => ({
      flow: {
        inputParameters: ['amount'],
        tasks: [simple('charge', named('charge'), { amount: '${workflow.input.amount}' })],
      },
    }),
    input: { amount: 'five' },
    drive: async ({ take, answer, named }) => {
      const reasonForIncompletion = `The input of ${named('charge')} is not valid: amount must be a number, not a string.`;
      await answer(await take(named('charge')), { status: 'FAILED_WITH_TERMINAL_ERROR', reasonForIncompletion });
    },
    until: isEnded,
  },
  httpNotFound: {
    workflows: ({ shopUrl }) => ({
      flow: { tasks: [http('look_up', `${shopUrl}/echo/status/404`)] },
    }),
    until: isEnded,
  },
  httpFailing: {
    workflows: ({ shopUrl }) => ({ flow: { tasks: [http('look_up', `${shopUrl}/echo/status/500`)] } }),
    until: isEnded,
  },
  httpRefused: {
    workflows: () => ({ flow: { tasks: [http('look_up', 'http://127.0.0.1:9/nobody')] } }),
    until: isEnded,
  },
  httpSecret: {
    workflows: ({ shopUrl }) => ({
      flow: {
        tasks: [
          http('look_up', `${shopUrl}/echo/status/401`, {
            headers: { authorization: 'Bearer ${workflow.secrets.UND_NO_SUCH_KEY}' },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  httpNoInput: {
    workflows: () => ({ flow: { inputParameters: ['url'], tasks: [http('look_up', '${workflow.input.url}')] } }),
    until: isEnded,
  },
  httpNoOutput: {
    workflows: () => ({
      flow: { tasks: [script('find', '({})'), http('look_up', '${find.output.result.url}')] },
    }),
    until: isEnded,
  },
  responseTimeout: {
    taskDefs: { charge: { ...noRetry, responseTimeoutSeconds: 1 } },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    drive: async ({ take, named }) => void (await take(named('charge'))),
    until: isEnded,
  },
  taskTimeout: {
    taskDefs: {
      charge: { ...noRetry, timeoutSeconds: 1, responseTimeoutSeconds: 1, timeoutPolicy: 'TIME_OUT_WF' },
    },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    drive: async ({ take, named }) => void (await take(named('charge'))),
    until: isEnded,
  },
  pollTimeout: {
    taskDefs: { charge: { ...noRetry, pollTimeoutSeconds: 1, timeoutPolicy: 'TIME_OUT_WF' } },
    workflows: ({ named }) => ({ flow: { tasks: [simple('charge', named('charge'))] } }),
    until: isEnded,
  },
  workflowTimeout: {
    taskDefs: { charge: noRetry },
    workflows: ({ named }) => ({
      flow: { timeoutSeconds: 1, timeoutPolicy: 'TIME_OUT_WF', tasks: [simple('charge', named('charge'))] },
    }),
    until: isEnded,
  },
  scriptThrows: {
    workflows: () => ({ flow: { tasks: [script('sum', '(function () { throw new Error("no prices") })()')] } }),
    until: isEnded,
  },
  scriptOfNothing: {
    workflows: () => ({
      flow: {
        inputParameters: ['order'],
        tasks: [script('sum', '$.order.lines.length', { order: '${workflow.input.order}' })],
      },
    }),
    until: isEnded,
  },
  queryBroken: {
    workflows: () => ({
      flow: { tasks: [task('shape', 'JSON_JQ_TRANSFORM', { inputParameters: { queryExpression: '.a | (' } })] },
    }),
    until: isEnded,
  },
  conditionBroken: {
    workflows: () => ({
      flow: {
        tasks: [task('loop', 'DO_WHILE', { loopCondition: 'nonsense(', loopOver: [task('inside', 'NOOP')] })],
      },
    }),
    until: isEnded,
  },
  switchBroken: {
    workflows: () => ({
      flow: {
        tasks: [
          task('choose', 'SWITCH', {
            evaluatorType: 'graaljs',
            expression: '$.a.b.c',
            inputParameters: { a: 1 },
            decisionCases: { x: [task('inside', 'NOOP')] },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  forkWithoutJoin: {
    workflows: () => ({
      flow: { tasks: [task('fork', 'FORK_JOIN', { forkTasks: [[task('a', 'NOOP')], [task('b', 'NOOP')]] })] },
    }),
    until: isEnded,
  },
  unknownChild: {
    workflows: ({ named }) => ({
      flow: {
        tasks: [
          task('begin', 'START_WORKFLOW', {
            inputParameters: { startWorkflow: { name: named('nowhere'), input: {} } },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  unknownProvider: {
    workflows: () => ({
      flow: {
        tasks: [
          task('ask', 'LLM_CHAT_COMPLETE', {
            retryCount: 0,
            inputParameters: { llmProvider: 'nobody', model: 'm', messages: [{ role: 'user', message: 'hi' }] },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  toolServerDown: {
    workflows: () => ({
      flow: {
        tasks: [
          task('tool', 'CALL_MCP_TOOL', {
            retryCount: 0,
            inputParameters: { mcpServer: 'http://127.0.0.1:9/mcp', method: 'add', arguments: {} },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  dynamicNothing: {
    workflows: () => ({
      flow: {
        tasks: [
          task('any', 'DYNAMIC', {
            dynamicTaskNameParam: 'which',
            inputParameters: { which: '${workflow.input.which}' },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  endedByTask: {
    workflows: () => ({
      flow: {
        tasks: [
          task('give_up', 'TERMINATE', {
            inputParameters: { terminationStatus: 'FAILED', terminationReason: 'Out of stock' },
          }),
        ],
      },
    }),
    until: isEnded,
  },
  terminated: {
    workflows: () => ({ flow: { tasks: [task('hold', 'WAIT')] } }),
    drive: ({ conductor, workflowId }) => conductor.terminate(workflowId, 'wrong customer'),
    until: isEnded,
  },
  grandchildFailed: {
    workflows: ({ named, shopUrl }) => ({
      flow: { tasks: [task('ship', 'SUB_WORKFLOW', { subWorkflowParam: { name: named('middle'), version: 1 } })] },
      middle: { tasks: [task('label', 'SUB_WORKFLOW', { subWorkflowParam: { name: named('inner'), version: 1 } })] },
      inner: { tasks: [http('print', `${shopUrl}/echo/status/409`)] },
    }),
    until: isEnded,
  },
  childUngiven: {
    workflows: ({ named }) => ({
      flow: {
        inputParameters: ['address'],
        tasks: [
          task('fetch', 'SUB_WORKFLOW', {
            subWorkflowParam: { name: named('inner'), version: 1 },
            inputParameters: { url: '${workflow.input.address}' },
          }),
        ],
      },
      inner: { inputParameters: ['url'], tasks: [http('look_up', '${workflow.input.url}')] },
    }),
    until: isEnded,
  },
  childUnpassed: {
    workflows: ({ named }) => ({
      flow: {
        tasks: [
          task('fetch', 'SUB_WORKFLOW', {
            subWorkflowParam: { name: named('inner'), version: 1 },
            inputParameters: { uri: 'http://127.0.0.1:9' },
          }),
        ],
      },
      inner: { inputParameters: ['url'], tasks: [http('look_up', '${workflow.input.url}')] },
    }),
    until: isEnded,
  },
  undoneElsewhere: {
    workflows: ({ named, shopUrl }) => ({
      flow: { failureWorkflow: named('undo'), tasks: [http('look_up', `${shopUrl}/echo/status/503`)] },
      undo: { tasks: [task('nothing', 'NOOP')] },
    }),
    until: ({ output }) => 'conductor.failure_workflow' in output,
  },
  branchFailed: {
    workflows: ({ shopUrl }) => ({
      flow: {
        tasks: forkOf(http('a', `${shopUrl}/echo/status/502`), task('b', 'WAIT')),
      },
    }),
    until: isEnded,
  },
  optionalFailed: {
    workflows: ({ shopUrl }) => ({
      flow: { tasks: [{ ...http('nice', `${shopUrl}/echo/status/404`), optional: true }, task('rest', 'NOOP')] },
    }),
    until: (execution) => isEnded(execution) && hasTask('COMPLETED_WITH_ERRORS')(execution),
  },
} satisfies Record<string, Trouble>;
