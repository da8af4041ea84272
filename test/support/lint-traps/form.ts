import { choose, counted, def, fork, get, http, join, loop, noop, type Row, simple, task } from './trap.ts';

export const forms: Row[] = [
  [
    'timeoutPolicy as an object',
    'wrong-type',
    def([noop('a')], { timeoutPolicy: { type: 'TIME_OUT_WF' }, timeoutSeconds: 9 }),
    def([noop('a')], { timeoutPolicy: 'TIME_OUT_WF', timeoutSeconds: 9 }),
    'refused',
  ],
  [
    'an unknown timeoutPolicy',
    'wrong-type',
    def([noop('a')], { timeoutPolicy: 'RETRY' }),
    def([noop('a')], { timeoutPolicy: 'ALERT_ONLY' }),
    'refused',
  ],
  ['a version that is not a number', 'wrong-type', def([noop('a')], { version: 'one' }), def([noop('a')]), 'refused'],
  ['an object instead of a list of tasks', 'wrong-type', def({ a: noop('a') }), def([noop('a')]), 'refused'],
  ['a text among the tasks', 'wrong-type', def([noop('a'), 'b']), def([noop('a'), noop('b')]), 'refused'],
  [
    'a text instead of a list as joinOn',
    'wrong-type',
    def([fork('f', [[noop('a')]]), join('j', 'a')]),
    def([fork('f', [[noop('a')]]), join('j', ['a'])]),
    'refused',
  ],
  [
    'null as the cases of a SWITCH',
    'wrong-type',
    def([
      task('SWITCH', 's', {
        evaluatorType: 'value-param',
        expression: 'v',
        inputParameters: { v: 1 },
        decisionCases: null,
      }),
    ]),
    def([choose('s', 1, { 1: [noop('a')] })]),
    'refused',
  ],
  [
    'a negative startDelay',
    'wrong-type',
    def([simple('a'), { ...simple('b'), startDelay: -1 }]),
    def([simple('a'), { ...simple('b'), startDelay: 1 }]),
    'refused',
  ],
  [
    'a number written as a text',
    'coerced-type',
    def([noop('a')], { version: '2' }),
    def([noop('a')], { version: 2 }),
    'registered',
  ],
  [
    'true written as a text',
    'coerced-type',
    def([{ ...noop('a'), optional: 'true' }]),
    def([{ ...noop('a'), optional: true }]),
    'registered',
  ],
  ['no name', 'missing-field', { ...def([noop('a')]), name: '' }, def([noop('a')]), 'refused'],
  ['no tasks', 'missing-field', def([]), def([noop('a')]), 'refused'],
  ['a task without reference', 'missing-field', def([{ name: 'a', type: 'NOOP' }]), def([noop('a')]), 'refused'],
  [
    'a task without name',
    'missing-field',
    def([{ taskReferenceName: 'a', type: 'NOOP' }]),
    def([noop('a')]),
    'refused',
  ],
  ['schemaVersion 1', 'schema-version', def([noop('a')], { schemaVersion: 1 }), def([noop('a')]), 'refused'],
  ['a misspelt field', 'unknown-field', def([{ ...noop('a'), inputParamters: {} }]), def([noop('a')]), 'registered'],
  [
    'tasks inside a type that cannot contain tasks',
    'nested-tasks-ignored',
    def([{ ...simple('a'), loopOver: [noop('b')] }]),
    def([loop('a', counted('a'), [noop('b')])]),
    'registered',
  ],
];

export const names: Row[] = [
  [
    'two tasks with one reference',
    'duplicate-reference',
    def([noop('a'), noop('a')]),
    def([noop('a'), noop('b')]),
    'refused',
  ],
  [
    'two tasks with one reference in nested branches',
    'duplicate-reference',
    def([choose('s', '${workflow.input.k}', { x: [noop('a')], y: [choose('t', 1, { 1: [noop('a')] })] })]),
    def([choose('s', '${workflow.input.k}', { x: [noop('a')], y: [choose('t', 1, { 1: [noop('b')] })] })]),
    'refused',
  ],
  ['a reference with a dot', 'reference-name', def([noop('a.b')]), def([noop('a_b')]), 'registered'],
  ['a reference called workflow', 'reference-name', def([noop('workflow')]), def([noop('flow')]), 'registered'],
  [
    'a reference name with the form of a loop round',
    'reference-name',
    def([loop('l', counted('l'), [noop('a__1')])]),
    def([loop('l', counted('l'), [noop('a_1')])]),
    'registered',
  ],
  ['a name with a blank', 'unusual-name', def([noop('a')], { name: 'lint trap' }), def([noop('a')]), 'registered'],
  [
    'a task name with a colon',
    'unusual-name',
    def([{ ...simple('a'), name: 'a:b' }]),
    def([{ ...simple('a'), name: 'a_b' }]),
    'registered',
  ],
];

export const types: Row[] = [
  [
    'PARALLEL',
    'unknown-type',
    def([task('PARALLEL', 'a')]),
    def([fork('f', [[noop('a')], [noop('b')]]), join('j', ['a', 'b'])]),
    'registered',
  ],
  ['a type of Orkes', 'unknown-type', def([task('WAIT_FOR_WEBHOOK', 'a')]), def([task('WAIT', 'a')]), 'registered'],
  [
    'a type in lower case',
    'unknown-type',
    def([task('http', 'a', { inputParameters: { http_request: get } })]),
    def([http('a', get)]),
    'registered',
  ],
  [
    'DECISION',
    'deprecated-type',
    def([task('DECISION', 'a', { caseValueParam: 'v', inputParameters: { v: 1 }, decisionCases: { 1: [noop('b')] } })]),
    def([choose('a', 1, { 1: [noop('b')] })]),
    'registered',
  ],
];
