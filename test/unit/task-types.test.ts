import { globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isForWorkers, isSafeToJoin, roleOf, taskType, taskTypes } from '../../core/conductor/task-types.ts';

const TABLE = 'core/conductor/task-types.ts';

/** Files that may list task types, because they hold code for each type and no facts about types. */
const ALLOWED: Readonly<Record<string, string>> = {
  'workflows/diagram/task-details.ts': 'which fields of a task a picture shows',
  'workflows/pull/write/leaves.ts': 'which builder method writes a task',
};

const sources = globSync('{core,workers,workflows,mcp,cli,examples}/**/*.ts').filter((file) => file !== TABLE);

/** Returns true if a source has an array, set, object, switch, union, pattern or text with two or more task types. */
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

/**
 * Returns true if one `[` has two names as elements, or one `{` has two as keys or cases. A nested pair such as `['HUMAN', 1]`
 * counts as an element of the outer array.
 */
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
  test.each(sources)('the file %s contains a list of task types only if it is an exception', (file) => {
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
  ])('listsTaskTypes finds the list in: %s', (source) => {
    expect(listsTaskTypes(source)).toBe(true);
  });

  test.each([
    "if (type === 'SWITCH' || type === 'DECISION') return;",
    "ofType(subject, 'INLINE', 'SWITCH')",
    "const A = { type: 'SWITCH', cases: ['a', 'b'] };",
    "// ['SWITCH', 'DECISION']",
    "const text = 'Use SWITCH or DO_WHILE';",
    "type === 'SUB_WORKFLOW' ? 'SWITCH' : 'DO_WHILE'",
  ])('listsTaskTypes finds no list in: %s', (source) => {
    expect(listsTaskTypes(source)).toBe(false);
  });

  test('the table knows FORK, the name of a type that appears only in executions', () => {
    expect([roleOf('FORK'), taskType('FORK'), roleOf('charge_card')]).toEqual(['fork', undefined, undefined]);
    expect(['FORK', 'HTTP', 'charge_card'].map((type) => isForWorkers({ taskType: type }))).toEqual([
      false,
      false,
      true,
    ]);
  });

  test('a JOIN can wait safely for types such as INLINE, but not for types such as SWITCH or HTTP', () => {
    expect(['INLINE', 'NOOP', 'JOIN', 'DO_WHILE'].filter((type) => !isSafeToJoin(type))).toEqual([]);
    expect(['SWITCH', 'FORK_JOIN', 'TERMINATE', 'HTTP', 'SIMPLE', 'SUB_WORKFLOW'].filter(isSafeToJoin)).toEqual([]);
  });
});
