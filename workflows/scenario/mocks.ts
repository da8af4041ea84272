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
  readonly rounds: readonly (Mock | readonly Mock[])[];
}

/**
 * What a task answers: a list holds one entry for each attempt. In a loop every round gets the same, unless `rounds(…)` tells them
 * apart.
 */
export type Mocks = Mock | readonly Mock[] | Rounds;

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
export function rounds(...entries: readonly (Mock | readonly Mock[])[]): Rounds {
  return { kind: 'rounds', rounds: entries };
}
