import { count } from '../../../core/text.ts';
import { aritiesOf } from '../jq/jq-functions.ts';
import { type JqQuery, parseJq } from '../jq/jq-query.ts';
import { JqSyntaxError } from '../jq/jq-tokens.ts';
import type { WorkflowRule } from '../rule.ts';
import { at, isDynamic, type LintedTask, ofType, type Subject } from '../subject.ts';

const FIELD = '/inputParameters/queryExpression';

/** The queries that do not depend on the execution. */
function queries(subject: Subject): { step: LintedTask; query: string; parsed: JqQuery | JqSyntaxError }[] {
  return ofType(subject, 'JSON_JQ_TRANSFORM').flatMap((step) => {
    const query = step.input.queryExpression;
    return typeof query === 'string' && !isDynamic(query) ? [{ step, query, parsed: read(query) }] : [];
  });
}

function read(query: string): JqQuery | JqSyntaxError {
  try {
    return parseJq(query);
  } catch (error) {
    if (error instanceof JqSyntaxError) return error;
    throw error;
  }
}

const jqSyntax: WorkflowRule = {
  id: 'jq-syntax',
  severity: 'error',
  summary: 'the query of a JSON_JQ_TRANSFORM has a syntax error',
  reason: 'The server registers the definition. The task fails each time it runs, and so does the execution.',
  repair:
    'Correct the query. The jq of the server is older than jq 1.6: every "if" needs an "else", and {a: (.b) + 1} must be written {a: ((.b) + 1)}.',
  *check(subject) {
    for (const { step, query, parsed } of queries(subject)) {
      if (parsed instanceof JqSyntaxError)
        yield at(step, FIELD, `The query cannot be parsed: ${parsed.message}, ${placeOf(query, parsed.at)}`);
    }
    for (const step of ofType(subject, 'JSON_JQ_TRANSFORM')) {
      const { queryExpression } = step.input;
      if (queryExpression === undefined || queryExpression === null || typeof queryExpression === 'string') continue;
      yield at(step, FIELD, 'The query is not a string', { repair: 'Write the query as a string.' });
    }
  },
};

function placeOf(query: string, at: number): string {
  const before = query.slice(Math.max(0, at - 15), at);
  return at >= query.length
    ? `after ${JSON.stringify(before)}`
    : `at character ${at + 1}, after ${JSON.stringify(before)}`;
}

const jqUnknownName: WorkflowRule = {
  id: 'jq-unknown-name',
  severity: 'error',
  summary: 'a query uses a function, a format or a variable that the jq of the server does not have',
  reason: 'The server registers the definition. The task fails when it reaches that part of the query.',
  repair:
    'Use a function of the server (jackson-jq 0.0.13): it has no dates, environment, getpath or error without a message. Or compute the value in an INLINE task.',
  *check(subject) {
    for (const { step, parsed } of queries(subject)) {
      if (parsed instanceof JqSyntaxError) continue;
      for (const name of parsed.unknownFunctions) yield at(step, FIELD, absence(name));
      for (const name of parsed.unknownVariables)
        yield at(step, FIELD, `The query reads the variable "$${name}", which it does not set`);
    }
  },
};

function absence(nameAndArity: string): string {
  const [name = '', given = ''] = nameAndArity.split('/');
  if (name.startsWith('@')) return `The jq of the server has no format "${name}"`;
  const arities = aritiesOf(name);
  if (arities.length === 0) return `The jq of the server has no function "${name}"`;
  return `"${name}" is called with ${count(Number(given), 'argument')}, but takes ${arities.join(' or ')}`;
}

/** Rules about the queries of JSON_JQ_TRANSFORM. */
export const jqRules: readonly WorkflowRule[] = [jqSyntax, jqUnknownName];
