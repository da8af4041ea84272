import { def, inline, loop, noop, type Row, task } from './trap.ts';

export const scripts: Row[] = [
  [
    'INLINE without expression',
    'script-missing',
    def([task('INLINE', 'i', { inputParameters: { evaluatorType: 'graaljs' } })]),
    def([inline('i', '1')]),
    'registered',
  ],
  [
    'python',
    'unknown-evaluator',
    def([task('INLINE', 'i', { inputParameters: { evaluatorType: 'python', expression: '1' } })]),
    def([inline('i', '1')]),
    'registered',
  ],
  [
    'a template literal',
    'expression-in-script',
    def([inline('i', '`a ${$.x}`', { x: 1 })]),
    def([inline('i', "'a ' + $.x", { x: 1 })]),
    'refused',
  ],
  [
    'an expression inside the text of a script',
    'expression-in-script',
    def([inline('i', "'${workflow.input.x}'.length")]),
    def([inline('i', '$.x.length', { x: '${workflow.input.x}' })]),
    'registered',
  ],
  [
    'a bare return',
    'script-syntax',
    def([inline('i', 'return 1;')]),
    def([inline('i', '(function () { return 1; })()')]),
    'registered',
  ],
  [
    'a syntax error in a condition',
    'script-syntax',
    def([loop('l', "if ($.l['iteration'] < 3", [noop('a')])]),
    def([loop('l', "if ($.l['iteration'] < 3) { true; } else { false; }", [noop('a')])]),
    'registered',
  ],
  [
    'a syntax error in the script of a SWITCH',
    'script-syntax',
    def([
      task('SWITCH', 's', {
        evaluatorType: 'javascript',
        expression: '$.v >',
        inputParameters: { v: 1 },
        decisionCases: { true: [noop('a')] },
      }),
    ]),
    def([
      task('SWITCH', 's', {
        evaluatorType: 'javascript',
        expression: '$.v > 1',
        inputParameters: { v: 1 },
        decisionCases: { true: [noop('a')] },
      }),
    ]),
    'refused',
  ],
  [
    'a script that never ends',
    'endless-script',
    def([inline('i', 'while (true) { }')]),
    def([inline('i', '(function () { while (true) { if ($.x) return 1; return 2; } })()', { x: 1 })]),
    'registered',
  ],
  [
    'a script that reads an input it does not have',
    'unknown-script-input',
    def([inline('i', '$.y + 1', { x: 1 })]),
    def([inline('i', '$.x + 1', { x: 1 })]),
    'registered',
  ],
];
