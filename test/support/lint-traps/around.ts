import { chat, choose, def, get, http, inline, type Json, noop, type Row, schema, set, simple, task } from './trap.ts';

const starts = (name: string, version?: number) => task('SUB_WORKFLOW', 's', { subWorkflowParam: { name, version } });
const start = (startWorkflow: Json) => task('START_WORKFLOW', 's', { inputParameters: { startWorkflow } });
const child = { ...def([noop('c')]), name: 'lintChild' };
const back = { ...def([starts('lintTrap', 1)]), name: 'lintBack' };
const around = { taskDefs: {}, workflows: { lintChild: [child], lintBack: [back] } };

export const workflows: Row[] = [
  [
    'an unknown sub-workflow',
    'unknown-workflow',
    def([starts('lintNobody', 1)]),
    def([starts('lintChild', 1)]),
    'registered',
    around,
  ],
  [
    'an unknown version of a sub-workflow',
    'unknown-workflow',
    def([starts('lintChild', 7)]),
    def([starts('lintChild', 1)]),
    'registered',
    around,
  ],
  [
    'an unknown workflow to start',
    'unknown-workflow',
    def([start({ name: 'lintNobody' })]),
    def([start({ name: 'lintChild' })]),
    'registered',
    around,
  ],
  [
    'an unknown failureWorkflow',
    'unknown-failure-workflow',
    def([noop('a')], { failureWorkflow: 'lintNobody' }),
    def([noop('a')], { failureWorkflow: 'lintChild' }),
    'registered',
    around,
  ],
  [
    'a workflow that starts itself',
    'endless-recursion',
    def([starts('lintTrap', 1)]),
    def([choose('c', '${workflow.input.k}', { more: [starts('lintTrap', 1)] })]),
    'registered',
    around,
  ],
  [
    'two workflows that start each other',
    'endless-recursion',
    def([starts('lintBack', 1)]),
    def([starts('lintChild', 1)]),
    'registered',
    around,
  ],
  [
    'a workflow that is its own failureWorkflow',
    'endless-recursion',
    def([noop('a')], { failureWorkflow: 'lintTrap' }),
    def([noop('a')], { failureWorkflow: 'lintChild' }),
    'registered',
    around,
  ],
  [
    'D5: a sub-workflow whose name may be null',
    'callee-may-be-null',
    def([starts('${workflow.input.which}', 1)]),
    def([starts('${workflow.input.which}', 1)], { inputTemplate: { which: 'lintChild' } }),
    'registered',
    around,
  ],
  [
    'D5: a sub-workflow named by a task that may not have run',
    'callee-may-be-null',
    def([choose('c', '${workflow.input.k}', { x: [inline('i', "'a'")] }), starts('${i.output.result}', 1)]),
    def([inline('i', "'a'"), starts('${i.output.result}', 1)]),
    'registered',
    around,
  ],
  [
    'D5: a sub-workflow whose name is checked for null',
    'callee-may-be-null',
    def([choose('c', '${workflow.input.which}', { null: [noop('n')] }), starts('${workflow.input.which}', 1)]),
    def([
      choose('c', '${workflow.input.which}', {
        null: [task('TERMINATE', 't', { inputParameters: { terminationStatus: 'FAILED' } })],
      }),
      starts('${workflow.input.which}', 1),
    ]),
    'registered',
    around,
  ],
  [
    'D5: a sub-workflow whose name is an expression, without a version',
    'callee-without-version',
    def([inline('i', "'a'"), starts('${i.output.result}')]),
    def([inline('i', "'a'"), starts('${i.output.result}', 1)]),
    'registered',
    around,
  ],
];

const guarded = {
  lint_guard: { name: 'lint_guard', timeoutSeconds: 30, responseTimeoutSeconds: 30, timeoutPolicy: 'RETRY' },
  lint_loose: { name: 'lint_loose' },
  lint_hard: { name: 'lint_hard', timeoutSeconds: 30, responseTimeoutSeconds: 30, timeoutPolicy: 'TIME_OUT_WF' },
};
const named = (made: Json, name: string) => ({ ...made, name });

export const limits: Row[] = [
  [
    'SIMPLE without task definition',
    'no-task-definition',
    def([simple('a')]),
    def([named(simple('a'), 'lint_guard')]),
    'registered',
    { taskDefs: guarded },
  ],
  [
    'HTTP without task definition',
    'unguarded-call',
    def([http('h', get)]),
    def([named(http('h', get), 'lint_guard')]),
    'registered',
    { taskDefs: guarded },
  ],
  [
    'HTTP without a time limit',
    'unguarded-call',
    def([named(http('h', get), 'lint_loose')]),
    def([named(http('h', get), 'lint_guard')]),
    'registered',
    { taskDefs: guarded },
  ],
  [
    'a model call without retries',
    'unguarded-call',
    def([named(chat([]), 'lint_hard')]),
    def([named(chat([]), 'lint_guard')]),
    'registered',
    { taskDefs: guarded },
  ],
  [
    'a time limit that only alerts',
    'timeout-without-effect',
    def([noop('a')], { timeoutSeconds: 60 }),
    def([noop('a')], { timeoutSeconds: 60, timeoutPolicy: 'TIME_OUT_WF' }),
    'registered',
  ],
  [
    'TIME_OUT_WF without timeoutSeconds',
    'timeout-without-effect',
    def([noop('a')], { timeoutPolicy: 'TIME_OUT_WF' }),
    def([noop('a')]),
    'registered',
  ],
  [
    'retries without end',
    'unbounded-retry',
    def([{ ...simple('a'), retryCount: 100_000 }]),
    def([{ ...simple('a'), retryCount: 3 }]),
    'registered',
  ],
];

export const secrets: Row[] = [
  [
    'a secret in the output',
    'secret-exposed',
    def([simple('a')], { outputParameters: { k: '${workflow.secrets.key}' } }),
    def([simple('a', { k: '${workflow.secrets.key}' })]),
    'registered',
  ],
  [
    'a secret in a variable',
    'secret-exposed',
    def([set('a', { k: '${workflow.secrets.key}' })]),
    def([http('a', { ...get, headers: { Authorization: '${workflow.secrets.key}' } })]),
    'registered',
  ],
  [
    'a password in plain text',
    'secret-in-clear',
    def([http('a', { ...get, headers: { Authorization: 'Bearer abc' } })]),
    def([http('a', { ...get, headers: { Authorization: '${workflow.secrets.key}' } })]),
    'registered',
  ],
  [
    'D1: an integer that JavaScript has rounded',
    'rounded-integer',
    def([simple('a', { n: 2 ** 53 + 2 })]),
    def([simple('a', { n: JSON.rawJSON('9007199254740993') })]),
    'registered',
  ],
];

export const ignored: Row[] = [
  [
    'cacheConfig',
    'ignored-field',
    def([{ ...simple('a'), cacheConfig: { key: 'k', ttlInSecond: 9 } }]),
    def([simple('a')]),
    'registered',
  ],
  [
    'maskedFields',
    'ignored-field',
    def([noop('a')], { maskedFields: ['x'] }),
    def([noop('a')], { maskedFields: [] }),
    'registered',
  ],
  [
    'rateLimitConfig',
    'ignored-field',
    def([noop('a')], { rateLimitConfig: { rateLimitKey: 'k', concurrentExecLimit: 1 } }),
    def([noop('a')]),
    'registered',
  ],
  [
    'enforceSchema',
    'ignored-field',
    def([noop('a')], { ...schema(['a']), enforceSchema: true }),
    def([noop('a')], { ...schema(['a']), enforceSchema: false }),
    'registered',
  ],
  [
    'startDelay of a task type that ignores it',
    'ignored-field',
    def([{ ...inline('i', '1'), startDelay: 5 }]),
    def([{ ...simple('i'), startDelay: 5 }]),
    'registered',
  ],
  [
    'an idempotencyKey',
    'ignored-field',
    def([start({ name: 'x', idempotencyKey: 'k' })]),
    def([start({ name: 'x' })]),
    'registered',
  ],
];
