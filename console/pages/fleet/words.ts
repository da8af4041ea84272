import type { ProcessRow, TypeRow } from '../../shared/fleet.ts';

/** How the page shows the state of a queue. */
interface Look {
  /** The execution status with the same mark and colour. */
  readonly status: string;
  readonly word: string;
  /** True if no person has to act. */
  readonly isCalm: boolean;
  readonly means: string;
}

const LOOKS: Readonly<Record<string, Look>> = {
  no_worker: {
    ...{ status: 'FAILED', word: 'No worker', isCalm: false },
    means: 'No worker has polled for a minute, so these tasks wait.',
  },
  limited: {
    ...{ status: 'PAUSED', word: 'At its limit', isCalm: false },
    means: 'concurrentExecLimit of the task definition allows no more tasks at once. Raise it, or wait.',
  },
  behind: {
    ...{ status: 'TIMED_OUT', word: 'Behind', isCalm: false },
    means: 'Workers poll, but tasks wait. Start more workers, raise their limits, or find out why tasks take long.',
  },
  delayed: {
    ...{ status: 'SCHEDULED', word: 'Not due yet', isCalm: true },
    means: 'The waiting tasks wait for their retry or their callback. There is nothing to do.',
  },
  working: { status: 'RUNNING', word: 'Working', isCalm: true, means: 'Workers execute all due tasks.' },
  idle: { status: 'COMPLETED', word: 'Idle', isCalm: true, means: 'No task waits, and none runs.' },
};

/** An unknown state is shown in the server's own word. */
export function lookOf({ state }: Pick<TypeRow, 'state'>): Look {
  return LOOKS[state] ?? { status: state, word: state, isCalm: true, means: '' };
}

const PROCESS_LOOKS: Readonly<Record<string, readonly [status: string, word: string]>> = {
  running: ['RUNNING', 'Running'],
  draining: ['PAUSED', 'Draining'],
  stopped: ['TERMINATED', 'Stopped'],
  silent: ['TIMED_OUT', 'Does not answer'],
  gone: ['FAILED', 'Gone'],
  elsewhere: ['COMPLETED', 'Polls'],
};

export function processLook({ state }: Pick<ProcessRow, 'state'>): readonly [status: string, word: string] {
  return PROCESS_LOOKS[state] ?? [state, state];
}

const TYPE_STATES: Readonly<Record<string, string>> = {
  idle: 'waits to poll',
  polling: 'polls',
  full: 'all slots in use',
  failing: 'its polls fail',
  paused: 'paused',
  draining: 'ends its tasks',
  stopped: 'stopped',
};

/** What a process does about one of its types. */
export function typeStateWord(state: string): string {
  return TYPE_STATES[state] ?? state;
}

/** The processes of this machine that serve a queue. */
export function serving(processes: readonly ProcessRow[], { type, domain }: TypeRow): ProcessRow[] {
  return processes.filter(({ types }) => types.some((one) => one.name === type && one.domain === domain));
}

/** True if the process has paused all its types, or this one. */
export function isPaused({ types }: Pick<ProcessRow, 'types'>, type?: string): boolean {
  const mine = types.filter(({ name }) => type === undefined || name === type);
  return mine.length > 0 && mine.every(({ state }) => state === 'paused');
}
