/** What one attempt of a task answers. */
export interface Mock {
  readonly kind: 'mock';
  readonly ends: 'COMPLETED' | 'FAILED' | 'FAILED_WITH_TERMINAL_ERROR' | 'TIMED_OUT';
  readonly output: Readonly<Record<string, unknown>>;
  readonly reason?: string;
}

/** What a task in a loop answers, round by round. */
export interface Rounds {
  readonly kind: 'rounds';
  readonly rounds: readonly (Mock | readonly Mock[] | Each)[];
}

/** What the tasks of a FORK_JOIN_DYNAMIC answer, in the order of its list. */
export interface Each {
  readonly kind: 'each';
  readonly items: readonly (Mock | readonly Mock[])[];
}

/**
 * What a task answers. A mock alone is the answer of every attempt; a list holds one for each attempt, and an attempt too many is a
 * mistake. In a loop every round gets the same, unless `rounds(…)` tells them apart; so do the tasks of a FORK_JOIN_DYNAMIC, under
 * the reference of the fork, unless `each(…)` tells them apart.
 */
export type Mocks = Mock | readonly Mock[] | Rounds | Each;

/** The attempt completes with this output. */
export function completes(output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'COMPLETED', output };
}

/** An HTTP task completes: its service answers with a status of 200 to 299. Other statuses fail such a task: `fails('404 …')`. */
export function answers(statusCode: number, body: unknown, headers: Readonly<Record<string, string[]>> = {}): Mock {
  return completes({ response: { statusCode, reasonPhrase: '', headers, body } });
}

/** The attempt fails; the task is tried again as its policy says. */
export function fails(reason: string, output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'FAILED', output, reason };
}

/** The attempt fails and there are no others, as with `NonRetryableError`. */
export function failsForGood(reason: string, output: Readonly<Record<string, unknown>> = {}): Mock {
  return { kind: 'mock', ends: 'FAILED_WITH_TERMINAL_ERROR', output, reason };
}

/** The attempt takes longer than `timeoutSeconds` of its task definition. */
export function timesOut(): Mock {
  return { kind: 'mock', ends: 'TIMED_OUT', output: {} };
}

/** One entry for each round of the loop around the task; an entry is a mock, or a list with one for each attempt. */
export function rounds(...entries: readonly (Mock | readonly Mock[] | Each)[]): Rounds {
  return { kind: 'rounds', rounds: entries };
}

/** One entry for each item of a FORK_JOIN_DYNAMIC; an entry is a mock, or a list with one for each attempt. */
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

/** Every mock, in whatever order. */
export function allOf(mocks: Mocks): readonly Mock[] {
  if (isMock(mocks)) return [mocks];
  if (isRounds(mocks)) return mocks.rounds.flatMap(allOf);
  return isEach(mocks) ? mocks.items.flatMap((entry) => entry) : mocks;
}
