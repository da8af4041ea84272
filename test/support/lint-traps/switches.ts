import { choose, counted, def, inline, loop, noop, type Row, schema, task } from './trap.ts';

export const switches: Row[] = [
  [
    'SWITCH without evaluatorType',
    'switch-without-choice',
    def([task('SWITCH', 's', { expression: 'v', inputParameters: { v: 1 }, decisionCases: { 1: [noop('a')] } })]),
    def([choose('s', 1, { 1: [noop('a')] })]),
    'refused',
  ],
  [
    'SWITCH without expression',
    'switch-without-choice',
    def([task('SWITCH', 's', { evaluatorType: 'graaljs', decisionCases: { 1: [noop('a')] } })]),
    def([choose('s', 1, { 1: [noop('a')] })]),
    'refused',
  ],
  [
    'SWITCH without cases',
    'switch-without-choice',
    def([choose('s', 1, {}, { defaultCase: [noop('a')] })]),
    def([choose('s', 1, { 1: [noop('a')] })]),
    'refused',
  ],
  [
    'DECISION without a value',
    'decision-without-choice',
    def([task('DECISION', 'd', { decisionCases: { 1: [noop('a')] } })]),
    def([choose('d', 1, { 1: [noop('a')] })]),
    'refused',
  ],
  [
    'a script as the expression of a value-param SWITCH',
    'switch-input-missing',
    def([
      task('SWITCH', 's', {
        evaluatorType: 'value-param',
        expression: '$.v > 5',
        inputParameters: { v: 1 },
        decisionCases: { true: [noop('a')] },
      }),
    ]),
    def([
      task('SWITCH', 's', {
        evaluatorType: 'graaljs',
        expression: '$.v > 5',
        inputParameters: { v: 1 },
        decisionCases: { true: [noop('a')] },
      }),
    ]),
    'registered',
  ],
  [
    'a comparison as the name of a case',
    'comparison-case',
    def([choose('s', '${workflow.input.n}', { '>5': [noop('a')] })]),
    def([
      task('SWITCH', 's', {
        evaluatorType: 'graaljs',
        expression: "$.v > 5 ? 'big' : 'small'",
        inputParameters: { v: '${workflow.input.n}' },
        decisionCases: { big: [noop('a')], small: [noop('b')] },
      }),
    ]),
    'registered',
  ],
  [
    'a case for a value that the schema excludes',
    'unreachable-case',
    def([choose('s', '${workflow.input.k}', { a: [noop('x')], b: [noop('y')], c: [noop('z')] })], schema(['a', 'b'])),
    def([choose('s', '${workflow.input.k}', { a: [noop('x')], b: [noop('y')] })], schema(['a', 'b'])),
    'registered',
  ],
  [
    'a case with a blank',
    'unreachable-case',
    def([choose('s', '${workflow.input.k}', { 'a ': [noop('x')] })]),
    def([choose('s', '${workflow.input.k}', { a: [noop('x')] })]),
    'registered',
  ],
  [
    'a value of the schema without a case',
    'switch-without-default',
    def([choose('s', '${workflow.input.k}', { a: [noop('x')] })], schema(['a', 'b'])),
    def([choose('s', '${workflow.input.k}', { a: [noop('x')] }, { defaultCase: [noop('y')] })], schema(['a', 'b'])),
    'registered',
  ],
];

export const loops: Row[] = [
  [
    'a loop over items without a condition',
    'loop-without-condition',
    def([loop('l', undefined, [noop('a')], { items: '${workflow.input.xs}' })]),
    def([loop('l', 'true', [noop('a')], { items: '${workflow.input.xs}' })]),
    'refused',
  ],
  [
    'a loop without tasks',
    'loop-without-tasks',
    def([loop('l', counted('l'), [])]),
    def([loop('l', counted('l'), [noop('a')])]),
    'refused',
  ],
  [
    'a loop that never ends',
    'endless-loop',
    def([loop('l', 'true', [noop('a')])]),
    def([loop('l', counted('l'), [noop('a')])]),
    'registered',
  ],
  [
    'a loop whose condition does not limit the rounds',
    'unbounded-loop',
    def([loop('l', '$.i.result < 3', [inline('i', '1')])]),
    def([loop('l', "$.l['iteration'] < 9 && $.i.result < 3", [inline('i', '1')])]),
    'registered',
  ],
  [
    'keepLastN as an expression',
    'keep-last-n',
    def([loop('l', counted('l'), [noop('a')], { inputParameters: { keepLastN: '${workflow.input.n}' } })]),
    def([loop('l', counted('l'), [noop('a')], { inputParameters: { keepLastN: 2 } })]),
    'registered',
  ],
  [
    'a loop in a loop',
    'nested-loop',
    def([loop('l', counted('l'), [loop('m', counted('m'), [noop('a')])])]),
    def([
      loop('l', counted('l'), [
        task('SUB_WORKFLOW', 's', {
          subWorkflowParam: {
            name: 'lintInner',
            workflowDefinition: { name: 'lintInner', tasks: [loop('m', counted('m'), [noop('a')])] },
          },
        }),
      ]),
    ]),
    'registered',
  ],
  [
    'D7: the items of a loop among its inputs, with an empty condition',
    'misplaced-items',
    def([loop('l', '', [noop('a')], { inputParameters: { items: '${workflow.input.xs}' } })]),
    def([loop('l', 'true', [noop('a')], { items: '${workflow.input.xs}' })]),
    'registered',
  ],
  [
    'D7: the items of a loop among its inputs, without a condition',
    'misplaced-items',
    def([loop('l', undefined, [noop('a')], { inputParameters: { items: ['x', 'y'] } })]),
    def([loop('l', 'true', [noop('a')], { inputParameters: { _items: ['x', 'y'] } })]),
    'refused',
  ],
  [
    'D7: an empty condition',
    'loop-without-condition',
    def([loop('l', ' ', [noop('a')])]),
    def([loop('l', ' ', [noop('a')], { items: '${workflow.input.xs}' })]),
    'registered',
  ],
];
