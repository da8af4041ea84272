import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseJq } from '../../workflows/lint/jq/jq-query.ts';
import { JqSyntaxError } from '../../workflows/lint/jq/jq-tokens.ts';
import { walk } from '../../workflows/model/walk.ts';
import { foreignDefinitions } from '../support/foreign-definitions.ts';

/**
 * Queries with what jackson-jq 0.0.13 says about each: it parses or runs them on a small object. Some were written for a rule of the
 * grammar, and the others were made of these by random changes.
 */
const judged = JSON.parse(readFileSync(new URL('../support/jq-queries.json', import.meta.url), 'utf8')) as [
  query: string,
  verdict: string,
][]; // our own file

/** Our verdict in the words of the file. */
function verdictOf(query: string): { syntax: boolean; unknown: string[] } {
  try {
    const { unknownFunctions, unknownVariables } = parseJq(query);
    return { syntax: true, unknown: [...unknownFunctions, ...unknownVariables.map((name) => `$${name}`)] };
  } catch (error) {
    if (error instanceof JqSyntaxError) return { syntax: false, unknown: [] };
    throw error;
  }
}

describe('D9: a query is judged as the jq of the server judges it', () => {
  test('the same queries have a syntax error', () => {
    const wrong = judged.filter(([query, verdict]) => verdictOf(query).syntax !== (verdict !== 'syntax error'));
    expect(wrong).toEqual([]);
  });

  test('every name that the server does not know is found', () => {
    const missed = judged.filter(
      ([query, verdict]) =>
        verdict.startsWith('unknown ') && !verdictOf(query).unknown.includes(verdict.slice('unknown '.length)),
    );
    expect(missed).toEqual([]);
  });

  test('no name that the server knows is called unknown', () => {
    const names = judged.flatMap(([query, verdict]) => (verdict === 'ok' ? verdictOf(query).unknown : []));
    // The server reads these in parts of a query that it does not reach on the small object.
    expect([...new Set(names)].sort()).toMatchInlineSnapshot(`
      [
        "$x",
        "@ase64/0",
        "a/0",
        "b/0",
        "empt/0",
        "legth/0",
        "lengh/0",
        "rror/1",
      ]
    `);
  });

  test('the queries of foreign definitions have neither', () => {
    const queries = foreignDefinitions('jq').flatMap(({ tasks }) =>
      [...walk(tasks)].flatMap(({ task: { type, inputParameters } }) =>
        type === 'JSON_JQ_TRANSFORM' ? [String(inputParameters?.queryExpression)] : [],
      ),
    );
    expect(queries.length).toBeGreaterThan(0);
    expect(queries.map(verdictOf)).toEqual(queries.map(() => ({ syntax: true, unknown: [] })));
  });

  test.each(['(', '-', 'try ', 'reduce ', '[', '{a:', '. as [', '"\\(', 'def f: '])(
    'a query of 20,000 times %s is read without an exhausted stack',
    (part) => {
      expect(() => verdictOf(part.repeat(20_000))).not.toThrow();
    },
  );
});
