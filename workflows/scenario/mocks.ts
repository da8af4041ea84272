/** The answer of one attempt of a task. */
export interface Mock {
  readonly kind: 'mock';
  readonly ends: 'COMPLETED' | 'FAILED' | 'FAILED_WITH_TERMINAL_ERROR' | 'TIMED_OUT';
  readonly output: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** The answers of a task in a loop, one entry for each round. */
export interface Rounds {
  readonly kind: 'rounds';
  readonly rounds: readonly (Mock | readonly Mock[] | Each)[];
}

/** The answers of the tasks of a FORK_JOIN_DYNAMIC, in the order of its list. */
export interface Each {
  readonly kind: 'each';
  readonly items: readonly (Mock | readonly Mock[])[];
}

/**
 * The answers of a task. A single mock is the answer of every attempt. A list has one mock for each attempt; the scenario fails if there
 * are more attempts. In a loop, every round gets the same answers, unless `rounds(…)` gives each round its own answers. All tasks of a
 * FORK_JOIN_DYNAMIC get the same answers, unless `each(…)` gives each task its own answers.
 */
export type Mocks = Mock | readonly Mock[] | Rounds | Each;

/** The attempt completes with this output. */
export function completes(output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'COMPLETED', output };
}

/** An HTTP task completes with this answer. The status must be 200 to 299. For any other status, write `fails('404 …')`. */
export function answers(statusCode: number, body: unknown, headers: Readonly<Record<string, string[]>> = {}): Mock {
  return completes({ response: { statusCode, reasonPhrase: '', headers, body } });
}

/** The attempt fails. The server retries the task as its task definition says. */
export function fails(reason: string, output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'FAILED', output, reason };
}

/** The attempt fails without a retry, as with `NonRetryableError`. */
export function failsForGood(reason: string, output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'FAILED_WITH_TERMINAL_ERROR', output, reason };
}

/** The attempt takes longer than `timeoutSeconds` of its task definition. */
export function timesOut(): Mock {
  return { kind: 'mock', ends: 'TIMED_OUT', output: {} };
}

/** One entry for each round of the loop around the task. An entry is a mock, or a list with one mock for each attempt. */
export function rounds(...entries: readonly (Mock | readonly Mock[] | Each)[]): Rounds {
  return { kind: 'rounds', rounds: entries };
}

/** One entry for each item of a FORK_JOIN_DYNAMIC. An entry is a mock, or a list with one mock for each attempt. */
export function each(...items: readonly (Mock | readonly Mock[])[]): Each {
  return { kind: 'each', items };
}

export function isMock(value: Mocks): value is Mock {
  return 'kind' in value && value.kind === 'mock';
}

export function isRounds(value: Mocks): value is Rounds {
  return 'kind' in value && value.kind === 'rounds';
}

export function isEach(value: Mocks): value is Each {
  return 'kind' in value && value.kind === 'each';
}

/** Every mock, in no particular order. */
export function allOf(mocks: Mocks): readonly Mock[] {
  if (isMock(mocks)) return [mocks];
  if (isRounds(mocks)) return mocks.rounds.flatMap(allOf);
  return isEach(mocks) ? mocks.items.flat() : mocks;
}
