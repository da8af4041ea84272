import type { Cause } from './root-cause.ts';

/** What the reason of a failed task tells about the cause. */
export interface FailureClass {
  readonly cause: Cause;
  /** The kind of failure within the cause. It decides the sentence and the advice that the caller gets. */
  readonly kind: FailureKind;
  /** The HTTP status with which a service answered. */
  readonly status?: number;
}

export type FailureKind =
  | 'response-timeout'
  | 'poll-timeout'
  | 'task-timeout'
  | 'total-timeout'
  | 'workflow-timeout'
  | 'script-timeout'
  | 'handler-timeout'
  | 'refused' // HTTP 4xx: the same call gets the same answer
  | 'denied' // HTTP 401 or 403
  | 'slow-down' // HTTP 429
  | 'failing' // HTTP 5xx
  | 'unreachable'
  | 'no-answer'
  | 'nothing-given' // a required input was null
  | 'script'
  | 'no-join'
  | 'no-child'
  | 'no-provider'
  | 'input-refused'
  | 'too-large'
  | 'undone'
  | 'said-so'; // the worker gave a reason of its own

type Rule = readonly [pattern: RegExp, cause: Cause, kind: FailureKind];

/** Sentences that the server writes about any task. The first match counts. */
const SERVER_RULES: readonly Rule[] = [
  [/^responseTimeout: \d+ exceeded|did not complete within its responseTimeout/, 'timeout', 'response-timeout'],
  [/^Task poll timed out after/, 'no-worker', 'poll-timeout'],
  [/^Task timed out after/, 'timeout', 'task-timeout'],
  [/exceeded total timeout of/, 'timeout', 'total-timeout'],
  [/^Workflow timed out after/, 'timeout', 'workflow-timeout'],
  [/^Script not evaluated within/, 'timeout', 'script-timeout'],
  [/Fork task definition is not followed by a join/, 'bad-definition', 'no-join'],
  [/No such workflow|Cannot find workflow|workflow .* not found/i, 'bad-definition', 'no-child'],
  [/Missing HTTP URI|No HTTP method specified|Cannot map a dynamic task/, 'bad-definition', 'nothing-given'],
  [/Error evaluating the script|Unable to evaluate condition|error in the expression/i, 'bad-definition', 'script'],
  [/greater than the permissible limit|payload size/i, 'bad-input', 'too-large'],
  [
    /no configuration found for|api[ -]?key|provider .* not (configured|supported)/i,
    'missing-configuration',
    'no-provider',
  ],
];

/** Sentences from workers, and from services that workers and system tasks call. */
const TASK_RULES: readonly Rule[] = [
  [/has failed before and was undone by/, 'terminated', 'undone'],
  [
    /The input of \S+ (is not valid|cannot be checked)|validation (failed|error)|invalid input/i,
    'bad-input',
    'input-refused',
  ],
  [/The input of \S+ is too large/, 'bad-input', 'too-large'],
  [/ran out of time\.$/, 'timeout', 'handler-timeout'],
  [
    /connection refused|ECONNREFUSED|ENOTFOUND|EHOSTUNREACH|UnknownHost|failed to connect|fetch failed/i,
    'upstream',
    'unreachable',
  ],
  [/read timed out|connect timed out|ETIMEDOUT|socket hang up|ECONNRESET|I\/O error on/i, 'upstream', 'no-answer'],
];

/** `404 Not Found on GET request` from the server, `answered 503` from our workers, `status code 503` from common libraries. */
const STATUS =
  /\b([45]\d\d) [A-Z][\w ]* on [A-Z]+ request|\banswered(?: with)?(?: HTTP)? ([45]\d\d)\b|\bstatus(?: code)?:? ([45]\d\d)\b|^HTTP ([45]\d\d)\b/;

/** Classifies the reason of a failed task, or of an execution that failed without a failed task. */
export function classifyReason(reason: string): FailureClass {
  const byServer = match(SERVER_RULES, reason);
  if (byServer) return byServer;
  const status = statusIn(reason);
  if (status !== undefined) return ofStatus(status);
  return match(TASK_RULES, reason) ?? { cause: 'worker-error', kind: 'said-so' };
}

function match(rules: readonly Rule[], reason: string): FailureClass | undefined {
  const rule = rules.find(([pattern]) => pattern.test(reason));
  return rule && { cause: rule[1], kind: rule[2] };
}

function statusIn(reason: string): number | undefined {
  const found = STATUS.exec(reason)
    ?.slice(1)
    .find((group) => group !== undefined);
  return found === undefined ? undefined : Number(found);
}

function ofStatus(status: number): FailureClass {
  if (status === 401 || status === 403) return { cause: 'upstream', kind: 'denied', status };
  if (status === 429) return { cause: 'upstream', kind: 'slow-down', status };
  const passes = status >= 500 || status === 408 || status === 425;
  return { cause: 'upstream', kind: passes ? 'failing' : 'refused', status };
}

/** A word before a number that makes the number a code: `status 503`, `exit code 137`, `answered with HTTP 404`, `ORA-00942`. */
const BEFORE_CODE =
  /(?:\b(?:codes?|status|errors?|errno|exit(?:ed)?(?: with)?|signal|answered|answer|returned|got|with|HTTP(?:\/\d(?:\.\d)?)?)|\b(?:ORA|SQLSTATE|ERR|E|TS))[\s:=#"'([_-]{0,3}$/i;

/**
 * The reason without ids and numbers that differ from one execution to the next. Status codes and error codes stay, because a 404 and a
 * 503 are different failures.
 */
export function reasonShape(reason: string): string {
  return innermostReason(reason)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\d+(\.\d+)?/g, (number, _fraction, at: number, text: string) =>
      /^[1-5]\d\d$/.test(number) || BEFORE_CODE.test(text.slice(0, at)) ? number : '#',
    )
    .replace(/\s+/g, ' ')
    .trim();
}

/** The text that the server writes before every reason of a system task. */
const SERVER_PREFIX = /^(Failed to invoke HTTP task due to: (java\.lang\.Exception: )?|Task execution failed: )/;

/** The original reason. The server wraps it into the reason of the execution, and again into the reason of each parent. */
export function innermostReason(reason: string): string {
  const wrapped = /^(?:Task \S+ failed with status: \w+ and reason: '|Sub workflow \S+ failure reason: )([\s\S]*?)'?$/;
  for (let text = reason; ; ) {
    const inner = wrapped.exec(text)?.[1];
    if (inner === undefined) return text.replace(SERVER_PREFIX, '');
    text = inner;
  }
}
