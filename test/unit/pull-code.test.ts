import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Workflow } from '../../core/contract.ts';
import { memberAccess, quoted, stringLiteral, templatePart } from '../../workflows/pull/code/literals.ts';
import { Name, Names } from '../../workflows/pull/code/names.ts';
import { array, call, literal, object, print, type Statement } from '../../workflows/pull/code/print.ts';
import { knownFrom } from '../../workflows/pull/known.ts';
import { parsePath } from '../../workflows/pull/schema/values.ts';
import { Context } from '../../workflows/pull/write/context.ts';

/** Evaluates code that can call only the functions in `known`. */
function evaluated(code: string, known: Record<string, unknown> = {}): unknown {
  return runInContext(`(${code})`, createContext(known));
}

const nothing = createContext({});

function printed(value: unknown): string {
  return print([{ value: literal(value) }]).source.replace(/;\n$/, '');
}

const HOSTILE = [
  `it's "quoted"`,
  '`${escape()}`',
  "'); escape(); ('",
  '`); escape(); (`',
  '*/ escape(); /*',
  '\\',
  "\\'",
  '\\`${escape()}',
  '$',
  '$${x}',
  'a\nb\n${escape()}',
  'a\r\nb',
  '\u2028\u2029\ufeff\u202e',
  '\ud800',
  '\ue000\ue0000\ue001\ue002',
  '</script><!--',
  '__proto__',
];

describe('text from a server never becomes code', () => {
  test.each(HOSTILE)('%j is printed only as a text', (hostile) => {
    const known = { escape: () => expect.unreachable('it broke out') };
    for (const code of [stringLiteral(hostile), quoted(hostile), `\`${templatePart(hostile)}\``]) {
      expect(evaluated(code, known)).toBe(hostile);
    }
    expect(evaluated(printed({ [hostile]: [hostile, { [hostile]: 1 }] }), known)).toEqual({
      [hostile]: [hostile, { [hostile]: 1 }],
    });
    expect(evaluated(`thing${memberAccess(hostile)}`, { thing: new Proxy({}, { get: (_, key) => key }) })).toBe(
      hostile,
    );
  });

  test('the printed code contains no invisible characters', () => {
    for (const hostile of HOSTILE) expect(printed(hostile)).not.toMatch(/(?![\n ])[\p{C}\p{Z}]/u);
  });

  test('for any JSON value, the printed code evaluates to that value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(JSON.stringify(runInContext(`(${printed(plain)})`, nothing)))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test('the printed code keeps __proto__ as a normal key', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(Object.keys(evaluated(printed(value)) as object)).toEqual(['__proto__']);
  });
});

describe('identifiers', () => {
  test('identifiers can be made from any name, are unique, and are never reserved words', () => {
    const names = new Names();
    const made = ['charge_card', 'charge-card', 'class', '', '日本', '1st', 'branch', 'HTTPCall', ...HOSTILE].map(
      (name) => names.make(name, 'task').text,
    );
    expect(made.slice(0, 8)).toEqual([
      'chargeCard',
      'chargeCard2',
      'taskClass',
      'task',
      'task2',
      'task1st',
      'taskBranch',
      'httpCall',
    ]);
    expect(new Set(made).size).toBe(made.length);
    for (const name of made) expect(() => new Function(`'use strict'; const ${name} = 1;`)).not.toThrow();
  });
});

test('the code imports a module with a hostile file name and does not evaluate the name', () => {
  const module = "./a'; escape(); '.ts";
  const workflow = {
    kind: 'workflow',
    name: "a'; escape(); '",
    version: 1,
    output: z.object({}),
  } as unknown as Workflow;
  const known = knownFrom({ tasks: [], workflows: [{ module, value: workflow }], policies: {}, taskDefs: [] });
  const doubts = { tasks: new Set<string>(), fields: {}, taskDefs: new Map() };
  const entry = 'conductor-fleet';
  const context = new Context({ name: 'w', version: 1, tasks: [] }, { known, entry, doubts });
  const name = context.workflow(workflow.name, 1)?.name.use();
  expect(name).toMatch(/^\w+$/);
  expect(context.importDeclarations()).toEqual([
    "import { z } from 'conductor-fleet';",
    `import ${name} from "./a'; escape(); '.ts";`,
  ]);
});

describe('paths', () => {
  test('a path is parsed if a typed reference would print the same text', () => {
    expect(parsePath("charge.output.items[0]['a b'].x-y")).toEqual({
      root: 'charge.output',
      steps: [
        { kind: 'key', key: 'items' },
        { kind: 'index', index: 0 },
        { kind: 'key', key: 'a b' },
        { kind: 'key', key: 'x-y' },
      ],
    });
  });

  test.each(["a.output['b']", 'a.output[*].x', 'a.output.x.length()', ' a.output', 'a..output', 'a.output[01]', ''])(
    'the path %j is not parsed and stays a text',
    (path) => expect(parsePath(path)).toBeUndefined(),
  );
});

describe('the printer', () => {
  const statement = (builder: string, ref: string, value: Statement['value']): Statement => {
    return { value: call(`${builder}.json`, [literal(ref), value]), adds: ref };
  };

  test('for a line of the source, the printer returns the task to which it belongs', () => {
    const inner = statement('branch', 'inner', object([['a', '1'.repeat(120)]]));
    const tasks = call('wf.sequence', [{ kind: 'arrow', params: [], body: [inner] }]);
    const outer = statement(
      'wf',
      'outer',
      object([
        ['tasks', array([tasks])],
        ['after', '2'],
      ]),
    );
    const { source, taskAt } = print([outer, { head: 'return', value: object([]), adds: 'output' }]);
    const at = (needle: string) => taskAt(source.slice(0, source.indexOf(needle)).split('\n').length);
    expect(at("'outer'")).toBe('outer');
    expect(at('tasks')).toBe('outer');
    expect(at("'inner'")).toBe('inner');
    expect(at('a: 1')).toBe('inner');
    expect(at('after')).toBe('outer');
    expect(at('return')).toBe('output');
    expect(taskAt(99)).toBeUndefined();
  });

  test('the printer declares a constant or a parameter only if the code uses it', () => {
    const [wf, input, step, other] = ['wf', 'input', 'step', 'other'].map((text) => new Name(text)) as [
      Name,
      Name,
      Name,
      Name,
    ];
    const body: Statement[] = [
      { head: step, value: call(`${wf.use()}.task`, [literal('step')]) },
      { head: other, value: call(`${wf.use()}.task`, [literal('other')]) },
      { head: 'return', value: step.use() },
    ];
    expect(print([{ value: { kind: 'arrow', params: [wf, input], body } }]).source).toBe(
      "(wf) => {\n  const step = wf.task('step');\n  wf.task('other');\n  return step;\n};\n",
    );
  });

  test('the printer does not indent the lines of a text, at any depth', () => {
    const text = 'first\n\n  second\nthird';
    const { source } = print([{ value: object([['script', object([['text', literal(text)]])]]) }]);
    expect(evaluated(source.replace(/;\n$/, ''))).toEqual({ script: { text } });
  });
});
