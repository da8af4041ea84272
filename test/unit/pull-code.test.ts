import { createContext, runInContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { array, call, object, text } from '../../workflows/pull/code/code.ts';
import { literal, memberAccess, quoted, stringLiteral, templatePart } from '../../workflows/pull/code/literals.ts';
import { Names } from '../../workflows/pull/code/names.ts';
import { print } from '../../workflows/pull/code/print.ts';
import { parsePath } from '../../workflows/pull/expressions/path.ts';
import { Imports } from '../../workflows/pull/imports.ts';

/** Nothing is there to be called but what the test puts there. */
function evaluated(code: string, known: Record<string, unknown> = {}): unknown {
  return runInContext(`(${code})`, createContext(known));
}

const nothing = createContext({});

function printed(value: unknown): string {
  return print([{ kind: 'expression', value: literal(value) }]).source.replace(/;\n$/, '');
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

describe('what comes from a server is data', () => {
  test.each(HOSTILE)('%j is written as a text and nothing else', (hostile) => {
    const known = { escape: () => expect.unreachable('it broke out') };
    for (const code of [stringLiteral(hostile).text, quoted(hostile), `\`${templatePart(hostile)}\``]) {
      expect(evaluated(code, known)).toBe(hostile);
    }
    expect(evaluated(printed({ [hostile]: [hostile, { [hostile]: 1 }] }), known)).toEqual({
      [hostile]: [hostile, { [hostile]: 1 }],
    });
    expect(evaluated(`thing${memberAccess(hostile)}`, { thing: new Proxy({}, { get: (_, key) => key }) })).toBe(
      hostile,
    );
  });

  test('nothing that an editor would not show is written as it is', () => {
    for (const hostile of HOSTILE) expect(printed(hostile)).not.toMatch(/(?![\n ])[\p{C}\p{Z}]/u);
  });

  test('any JSON value evaluates to itself', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value));
        expect(JSON.parse(JSON.stringify(runInContext(`(${printed(plain)})`, nothing)))).toEqual(plain);
      }),
      { numRuns: 200 },
    );
  });

  test('a key that would set the prototype is a key', () => {
    const value = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(Object.keys(evaluated(printed(value)) as object)).toEqual(['__proto__']);
  });
});

describe('identifiers', () => {
  test('are made of any name, each once, and none is a word of the language', () => {
    const names = new Names();
    const made = ['charge_card', 'charge-card', 'class', '', '日本', '1st', 'branch', 'HTTPCall', ...HOSTILE].map(
      (name) => names.make(name, 'task'),
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

test('a module whose file has a hostile name is imported, and nothing else', () => {
  const imports = new Imports({ contract: 'c', define: 'd', policies: 'p', refs: 'r' }, new Names());
  const name = imports.default("./a'; escape(); '.ts", "a'; escape(); '", 'workflow');
  expect(name).toMatch(/^\w+$/);
  expect(imports.declarations(() => true)).toContain(`import ${name} from "./a'; escape(); '.ts";`);
});

describe('paths', () => {
  test('are taken apart where typed references write the same letters', () => {
    expect(parsePath("charge.output.items[0]['a b'].x-y")).toEqual({
      root: 'charge',
      steps: [
        { kind: 'key', key: 'output' },
        { kind: 'key', key: 'items' },
        { kind: 'index', index: 0 },
        { kind: 'key', key: 'a b' },
        { kind: 'key', key: 'x-y' },
      ],
    });
  });

  test.each(["a.output['b']", 'a.output[*].x', 'a.output.x.length()', ' a.output', 'a..output', 'a.output[01]', ''])(
    '%j stays a text',
    (path) => expect(parsePath(path)).toBeUndefined(),
  );
});

describe('the printer', () => {
  test('says which task a place in the source belongs to', () => {
    const inner = call('branch.json', [text("'inner'"), object([['a', text('1')]], true)], 'inner');
    const outer = call('wf.json', [text("'outer'"), object([['tasks', array([inner])]], true)], 'outer');
    const { source, markAt } = print([
      { kind: 'expression', value: outer },
      { kind: 'return', value: object([]), mark: 'output' },
    ]);
    const place = (needle: string): [number, number] => {
      const before = source.slice(0, source.indexOf(needle)).split('\n');
      return [before.length, (before.at(-1)?.length ?? 0) + 1];
    };
    expect(markAt(...place("'outer'"))).toBe('outer');
    expect(markAt(...place('tasks'))).toBe('outer');
    expect(markAt(...place("'inner'"))).toBe('inner');
    expect(markAt(...place('a: 1'))).toBe('inner');
    expect(markAt(...place('return'))).toBe('output');
    expect(markAt(99, 1)).toBeUndefined();
  });
});
