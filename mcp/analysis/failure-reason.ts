import type { Cause } from './root-cause.ts';

/** What the words of a failed task say. */
export interface FailureClass {
  readonly cause: Cause;
  /** What kind within the cause; decides the sentence and the way out. */
  readonly kind: FailureKind;
  /** The status an HTTP call was answered with. */
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
  | 'refused' // answered with 4xx: the same call gets the same answer
  | 'denied' // answered with 401 or 403
  | 'slow-down' // answered with 429
  | 'failing' // answered with 5xx
  | 'unreachable'
  | 'no-answer'
  | 'nothing-given' // a required input came out as null
  | 'script'
  | 'no-join'
  | 'no-child'
  | 'no-provider'
  | 'input-refused'
  | 'too-large'
  | 'undone'
  | 'said-so';

type Rule = readonly [pattern: RegExp, cause: Cause, kind: FailureKind];

/** The server's own sentences (3.32.1), whatever the task; the first that fits counts. */
const OF_THE_SERVER: readonly Rule[] = [
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

/** Sentences of workers and of what they and the server's own tasks call. */
const OF_TASKS: readonly Rule[] = [
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

/** `404 Not Found on GET request` of the server, `answered 503` of our workers, `status code 503` of everybody's. */
const STATUS =
  /\b([45]\d\d) [A-Z][\w ]* on [A-Z]+ request|\banswered(?: with)?(?: HTTP)? ([45]\d\d)\b|\bstatus(?: code)?:? ([45]\d\d)\b|^HTTP ([45]\d\d)\b/;

/** Reads the reason of a failed task, or of an execution that failed without one. */
export function classifyReason(reason: string): FailureClass {
  const ours = OF_THE_SERVER.find(([pattern]) => pattern.test(reason));
  if (ours) return { cause: ours[1], kind: ours[2] };
  const status = statusIn(reason);
  if (status !== undefined) return ofStatus(status);
  const theirs = OF_TASKS.find(([pattern]) => pattern.test(reason));
  if (theirs) return { cause: theirs[1], kind: theirs[2] };
  return { cause: 'worker-error', kind: 'said-so' };
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

/** The reason without what differs from one execution to the next: ids, numbers, addresses' ports. */
export function reasonShape(reason: string): string {
  return innermostReason(reason)
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, '<id>')
    .replace(/\d+(\.\d+)?/g, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What the server puts before every reason of its own tasks. */
const OF_NO_USE = /^(Failed to invoke HTTP task due to: (java\.lang\.Exception: )?|Task execution failed: )/;

/** The server wraps the reason of a task into that of its execution, and that of a child into its parent's. */
export function innermostReason(reason: string): string {
  const wrapped = /^(?:Task \S+ failed with status: \w+ and reason: '|Sub workflow \S+ failure reason: )([\s\S]*?)'?$/;
  for (let text = reason; ; ) {
    const inner = wrapped.exec(text)?.[1];
    if (inner === undefined) return text.replace(OF_NO_USE, '');
    text = inner;
  }
}
