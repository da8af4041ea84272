import { chat, choose, counted, def, fork, type Json, join, loop, noop, type Row, simple, task } from './trap.ts';

const exclusive = (joinOn: string[]) => task('EXCLUSIVE_JOIN', 'j', { joinOn });
const byCase = choose('s', '${workflow.input.k}', { a: [noop('a1')], b: [noop('b1')] });

function retriedDef(name: string): Json {
  return { name, retryCount: 3, timeoutSeconds: 60, responseTimeoutSeconds: 60, timeoutPolicy: 'RETRY' };
}

const forkOfWorkflows = task('FORK_JOIN_DYNAMIC', 'f', {
  inputParameters: { forkTaskWorkflow: 'w', forkTaskInputs: '${workflow.input.xs}' },
});

export const joins: Row[] = [
  [
    'FORK_JOIN without JOIN',
    'fork-without-join',
    def([fork('f', [[noop('a')]]), noop('b')]),
    def([fork('f', [[noop('a')]]), join('j', ['a']), noop('b')]),
    'registered',
  ],
  [
    'FORK_JOIN_DYNAMIC without JOIN',
    'fork-without-join',
    def([dynamicFork({})]),
    def([dynamicFork({}), join('j', [])]),
    'registered',
  ],
  [
    'FORK_JOIN without branches',
    'fork-without-branches',
    def([fork('f', []), join('j', [])]),
    def([fork('f', [[noop('a')]]), join('j', ['a'])]),
    'refused',
  ],
  [
    'an empty branch',
    'fork-without-branches',
    def([fork('f', [[noop('a')], []]), join('j', ['a'])]),
    def([fork('f', [[noop('a')], [noop('b')]]), join('j', ['a', 'b'])]),
    'registered',
  ],
  [
    'JOIN on a task that does not exist',
    'join-on-unknown',
    def([fork('f', [[noop('a')]]), join('j', ['a', 'b'])]),
    def([fork('f', [[noop('a')]]), join('j', ['a'])]),
    'registered',
  ],
  [
    'JOIN on a task inside a case',
    'join-never-ends',
    def([fork('f', [[choose('s', '${workflow.input.k}', { x: [noop('a')] })]]), join('j', ['a'])]),
    def([fork('f', [[choose('s', '${workflow.input.k}', { x: [noop('a')] }), noop('e')]]), join('j', ['e'])]),
    'registered',
  ],
  [
    'JOIN on a later task',
    'join-never-ends',
    def([fork('f', [[noop('a')]]), join('j', ['a', 'b']), noop('b')]),
    def([fork('f', [[noop('a')]]), join('j', ['a']), noop('b')]),
    'registered',
  ],
  [
    'JOINs that wait for each other',
    'join-never-ends',
    def([
      fork('f', [
        [join('x', ['b']), noop('a')],
        [join('y', ['a']), noop('b')],
      ]),
      join('j', ['a', 'b']),
    ]),
    def([fork('f', [[noop('a')], [join('y', ['a']), noop('b')]]), join('j', ['a', 'b'])]),
    'registered',
  ],
  [
    'JOIN on a task inside a loop',
    'join-never-ends',
    def([fork('f', [[loop('l', counted('l'), [noop('a')])]]), join('j', ['a'])]),
    def([fork('f', [[loop('l', counted('l'), [noop('a')])]]), join('j', ['l'])]),
    'registered',
  ],
  [
    'JOIN on a SWITCH',
    'join-on-switch',
    def([fork('f', [[choose('s', '${workflow.input.k}', { x: [noop('a')] })]]), join('j', ['s'])]),
    def([fork('f', [[choose('s', '${workflow.input.k}', { x: [noop('a')] }), noop('e')]]), join('j', ['e'])]),
    'registered',
  ],
  [
    'JOIN on a fork',
    'join-on-fork',
    def([fork('f', [[fork('g', [[noop('a')]]), join('k', ['a'])]]), join('j', ['g'])]),
    def([fork('f', [[fork('g', [[noop('a')]]), join('k', ['a'])]]), join('j', ['k'])]),
    'registered',
  ],
  [
    'JOIN on a task that is retried',
    'join-on-retried',
    def([fork('f', [[simple('a')]]), join('j', ['a'])]),
    def([fork('f', [[simple('a'), noop('e')]]), join('j', ['e'])]),
    'registered',
    {
      taskDefs: { a: retriedDef('a') },
    },
  ],
  [
    'W2: JOIN on a task that the workflow itself has retried',
    'join-on-retried',
    def([fork('f', [[{ ...simple('a'), retryCount: 2 }]]), join('j', ['a'])]),
    def([fork('f', [[{ ...simple('a'), retryCount: 0 }]]), join('j', ['a'])]),
    'registered',
    { taskDefs: { a: retriedDef('a') } },
  ],
  [
    'W2: JOIN on a model call, which the server always retries',
    'join-on-retried',
    def([fork('f', [[chat([{ role: 'user', message: 'hi' }])]]), join('j', ['c'])]),
    def([fork('f', [[chat([{ role: 'user', message: 'hi' }]), noop('e')]]), join('j', ['e'])]),
    'registered',
    { taskDefs: { c: retriedDef('c') } },
  ],
  [
    'W2: JOIN on the tasks of a dynamic fork that are retried',
    'join-on-retried',
    def([dynamicFork({ forkTaskName: 'a' }), join('j', [])]),
    def([forkOfWorkflows, join('j', [])]),
    'registered',
    { taskDefs: { a: retriedDef('a') }, workflows: { w: [{ ...def([noop('n')]), name: 'w' }] } },
  ],
  [
    'JOIN on nothing',
    'join-on-nothing',
    def([fork('f', [[noop('a')]]), task('JOIN', 'j')]),
    def([fork('f', [[noop('a')]]), join('j', ['a'])]),
    'registered',
  ],
  [
    'null as joinOn',
    'join-without-list',
    def([fork('f', [[noop('a')]]), join('j', null)]),
    def([fork('f', [[noop('a')]]), join('j', ['a'])]),
    'registered',
  ],
  [
    'a dynamic fork without its tasks',
    'dynamic-fork-parameters',
    def([task('FORK_JOIN_DYNAMIC', 'f'), join('j', [])]),
    def([dynamicFork({}), join('j', [])]),
    'refused',
  ],
  [
    'a dynamic fork without the input that its parameter names',
    'dynamic-fork-parameters',
    def([
      task('FORK_JOIN_DYNAMIC', 'f', {
        dynamicForkTasksParam: 'ts',
        dynamicForkTasksInputParamName: 'ins',
        inputParameters: { ts: '${workflow.input.ts}' },
      }),
      join('j', []),
    ]),
    def([
      task('FORK_JOIN_DYNAMIC', 'f', {
        dynamicForkTasksParam: 'ts',
        dynamicForkTasksInputParamName: 'ins',
        inputParameters: { ts: '${workflow.input.ts}', ins: '${workflow.input.ins}' },
      }),
      join('j', []),
    ]),
    'registered',
  ],
  [
    'forkTaskWorkflowVersion as a number',
    'fork-workflow-version',
    def([dynamicFork({ forkTaskWorkflow: 'x', forkTaskWorkflowVersion: 1 }), join('j', [])]),
    def([dynamicFork({ forkTaskWorkflow: 'x', forkTaskWorkflowVersion: '1' }), join('j', [])]),
    'registered',
  ],
  [
    'D4: EXCLUSIVE_JOIN after a SWITCH that may choose no case',
    'join-never-ends',
    def([byCase, exclusive(['a1', 'b1'])]),
    def([byCase]),
    'registered',
  ],
  [
    'D4: EXCLUSIVE_JOIN on a later task',
    'join-never-ends',
    def([exclusive(['b']), noop('b')]),
    def([noop('b')]),
    'registered',
  ],
  ['D4: EXCLUSIVE_JOIN on nothing', 'join-never-ends', def([exclusive([])]), def([noop('a')]), 'registered'],
];

function dynamicFork(more: Json): Json {
  return task('FORK_JOIN_DYNAMIC', 'f', {
    inputParameters: { forkTaskName: 'x', forkTaskInputs: '${workflow.input.xs}', ...more },
  });
}
