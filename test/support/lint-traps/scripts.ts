import { choose, def, inline, loop, noop, type Row, task } from './trap.ts';

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
    'a template literal whose ${ the server reads as an expression',
    'expression-in-script',
    def([inline('i', '`a ${$.x} $${$.x}`', { x: 1 })]),
    def([inline('i', '`a $${$.x}`', { x: 1 })]),
    'refused',
  ],
  [
    'an expression in the script of a SWITCH, which the server does not replace',
    'expression-in-script',
    def([choose('s', 1, { a1: [noop('n')] }, { evaluatorType: 'graaljs', expression: "'${workflow.input.x}'" })]),
    def([choose('s', 1, { a1: [noop('n')] }, { evaluatorType: 'graaljs', expression: '`a${$.v}`' })]),
    'registered',
  ],
  [
    'an expression in the condition of a loop, which the server does not replace',
    'expression-in-script',
    def([loop('l', "$.l['iteration'] < '${workflow.input.n}'", [noop('n')])]),
    def([loop('l', "`${$.l['iteration']}` !== '2'", [noop('n')])]),
    'registered',
  ],
  [
    'an expression inside the text of a script',
    'value-in-script',
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
  [
    'D2: a LAMBDA whose function body has no return of its own',
    'script-without-value',
    def([task('LAMBDA', 'l', { inputParameters: { n: 1, scriptExpression: '(function () { return $.n + 1; })();' } })]),
    def([inline('l', '(function () { return $.n + 1; })();', { n: 1 })]),
    'registered',
  ],
  [
    'D2: a function that is declared but not called',
    'script-without-value',
    def([inline('i', 'function e() { return $.n; }', { n: 1 })]),
    def([inline('i', 'function e() { return $.n; } e();', { n: 1 })]),
    'registered',
  ],
  [
    'D2: a LAMBDA that ends with a comment',
    'script-syntax',
    def([task('LAMBDA', 'l', { inputParameters: { scriptExpression: 'return 1; // one' } })]),
    def([inline('l', '(function () { return 1; })(); // one')]),
    'registered',
  ],
  [
    'D10: a script that logs',
    'absent-object',
    def([inline('i', "(function(){ console.log('hi'); return 1; })()")]),
    def([inline('i', "(function(){ var console = { log: function () {} }; console.log('hi'); return 1; })()")]),
    'registered',
  ],
  [
    'D10: a condition that calls a service',
    'absent-object',
    def([loop('l', "$.l['iteration'] < 3 && fetch($.l.url).ok", [noop('a')])]),
    def([loop('l', "$.l['iteration'] < 3 && $.l.fetch.ok", [noop('a')])]),
    'registered',
  ],
];

const jq = (queryExpression: unknown) => task('JSON_JQ_TRANSFORM', 'q', { inputParameters: { queryExpression, x: 1 } });

export const queries: Row[] = [
  ['D9: a query that ends too early', 'jq-syntax', def([jq('{a: (.x + 1')]), def([jq('{a: (.x + 1)}')]), 'registered'],
  [
    'D9: a value in braces that goes on after its parentheses',
    'jq-syntax',
    def([jq('{a: (.x) + 1}')]),
    def([jq('{a: ((.x) + 1)}')]),
    'registered',
  ],
  [
    'D9: if without else',
    'jq-syntax',
    def([jq('if .x then 1 end')]),
    def([jq('if .x then 1 else empty end')]),
    'registered',
  ],
  ['D9: a query that is a number', 'jq-syntax', def([jq(5)]), def([jq('5')]), 'registered'],
  ['D9: an unknown function', 'jq-unknown-name', def([jq('.x | nosuch')]), def([jq('.x | tostring')]), 'registered'],
  [
    'D9: a function of jq that the server does not have',
    'jq-unknown-name',
    def([jq('now | todate')]),
    def([jq('def now: 1; def todate: .; now | todate')]),
    'registered',
  ],
  [
    'D9: too many arguments',
    'jq-unknown-name',
    def([jq('.x | tostring(1)')]),
    def([jq('.x | tostring')]),
    'registered',
  ],
  ['D9: an unset variable', 'jq-unknown-name', def([jq('$ENV.HOME')]), def([jq('. as $ENV | $ENV.x')]), 'registered'],
];
