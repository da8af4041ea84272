import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isForWorkers, isSafeToJoin, roleOf, taskType, taskTypes } from '../../core/conductor/task-types.ts';

const TABLE = 'core/conductor/task-types.ts';

/** Files that may list types, because they hold code for each type and no knowledge about types. */
const ALLOWED: Readonly<Record<string, string>> = {
  'workflows/diagram/task-details.ts': 'which of its fields a picture shows',
  'workflows/pull/write/leaves.ts': 'the builder method that writes it',
};

const sources = globSync('{core,workers,workflows,mcp,cli,examples}/**/*.ts').filter((file) => file !== TABLE);

/** True for a source with an array, set, object, switch, union or pattern of two task types or more, or a text that lists them. */
function listsTaskTypes(source: string): boolean {
  const code = source.replaceAll(/\/\*[\s\S]*?\*\/|(?<![:'"`])\/\/[^\n]*/g, '');
  const name = `(?:${taskTypes.join('|')})`;
  const texts = [...code.matchAll(/'([^'\n]*)'|`([^`]*)`/g)].map(([, quoted, template]) => quoted ?? template ?? '');
  const isList = (text: string) => new RegExp(`^\\s*${name}(?:\\s+${name})+\\s*$`).test(text);
  return (
    texts.some(isList) ||
    new RegExp(`'${name}'\\s*\\|\\s*'${name}'|\\b${name}\\$?\\|${name}\\b`).test(code) ||
    hasBracketOfNames(code, name)
  );
}

/** Counts the names that are elements of one `[`, or keys or cases of one `{`. A nested pair counts for the array around it. */
function hasBracketOfNames(code: string, name: string): boolean {
  const open: { bracket: string; names: number }[] = [];
  const token = new RegExp(
    `(?<element>(?<=[[,]\\s*)'${name}'(?=\\s*[,\\]]))|(?<key>(?<=[{,]\\s*)'?${name}'?(?=\\s*:)|case '${name}':)|[[\\]{}()]`,
    'g',
  );
  for (const { 0: found, groups } of code.matchAll(token)) {
    const here = open.at(-1);
    if (groups?.element || groups?.key) {
      if (!here || here.bracket !== (groups.element ? '[' : '{')) continue;
      here.names += 1;
      if (here.names > 1) return true;
    } else if ('[{('.includes(found)) open.push({ bracket: found, names: 0 });
    else {
      const closed = open.pop();
      const around = open.at(-1);
      if (closed?.bracket !== '[' || around?.bracket !== '[' || closed.names === 0) continue;
      around.names += 1;
      if (around.names > 1) return true;
    }
  }
  return false;
}

describe('the table of task types', () => {
  test.each(sources)('%s keeps no second list of task types', (file) => {
    expect(listsTaskTypes(readFileSync(file, 'utf8'))).toBe(file in ALLOWED);
  });

  test.each([
    "const A = ['SWITCH', 'DECISION'];",
    "new Set([\n  'FORK_JOIN',\n  'JOIN',\n]);",
    "new Map([['HUMAN', 1], ['WAIT', 2]]);",
    'const A = { SWITCH: 1, DO_WHILE: 2 };',
    "const A = { 'SWITCH': { a: [1] }, 'DO_WHILE': {} };",
    "switch (type) { case 'INLINE': return 1; case 'LAMBDA': return 2; }",
    "const A = 'INLINE LAMBDA NOOP'.split(' ');",
    "type A = 'HUMAN' | 'WAIT';",
    'const A = /^(HTTP|AGENT)$/;',
  ])('a list is found: %s', (source) => {
    expect(listsTaskTypes(source)).toBe(true);
  });

  test.each([
    "if (type === 'SWITCH' || type === 'DECISION') return;",
    "ofType(subject, 'INLINE', 'SWITCH')",
    "const A = { type: 'SWITCH', cases: ['a', 'b'] };",
    "// ['SWITCH', 'DECISION']",
    "const text = 'Use SWITCH or DO_WHILE';",
    "type === 'SUB_WORKFLOW' ? 'SWITCH' : 'DO_WHILE'",
  ])('a comparison, a task or a sentence is not a list: %s', (source) => {
    expect(listsTaskTypes(source)).toBe(false);
  });

  test('knows a type by its name in an execution, which no definition can use', () => {
    expect([roleOf('FORK'), taskType('FORK'), roleOf('charge_card')]).toEqual(['fork', undefined, undefined]);
    expect(['FORK', 'HTTP', 'charge_card'].map((type) => isForWorkers({ taskType: type }))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('a JOIN can wait for what ends within one decision, but not for what only starts other tasks', () => {
    expect(['INLINE', 'NOOP', 'JOIN', 'DO_WHILE'].filter((type) => !isSafeToJoin(type))).toEqual([]);
    expect(['SWITCH', 'FORK_JOIN', 'TERMINATE', 'HTTP', 'SIMPLE', 'SUB_WORKFLOW'].filter(isSafeToJoin)).toEqual([]);
  });
});
