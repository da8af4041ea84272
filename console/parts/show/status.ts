import { type ComponentChild, html } from '../html.ts';

/** The look of a state: its colour and its form. */
type Kind = 'run' | 'ok' | 'bad' | 'late' | 'warn' | 'hold' | 'wait' | 'stop' | 'skip' | 'none';

const KIND: Readonly<Record<string, Kind>> = {
  RUNNING: 'run',
  IN_PROGRESS: 'run',
  COMPLETED: 'ok',
  FAILED: 'bad',
  FAILED_WITH_TERMINAL_ERROR: 'bad',
  TIMED_OUT: 'late',
  COMPLETED_WITH_ERRORS: 'warn',
  PAUSED: 'hold',
  SCHEDULED: 'wait',
  TERMINATED: 'stop',
  CANCELED: 'stop',
  SKIPPED: 'skip',
};

const WORD: Readonly<Record<string, string>> = {
  RUNNING: 'Running',
  IN_PROGRESS: 'In progress',
  COMPLETED: 'Completed',
  FAILED: 'Failed',
  FAILED_WITH_TERMINAL_ERROR: 'Failed for good',
  TIMED_OUT: 'Timed out',
  COMPLETED_WITH_ERRORS: 'Completed with errors',
  PAUSED: 'Paused',
  SCHEDULED: 'Queued',
  TERMINATED: 'Terminated',
  CANCELED: 'Cancelled',
  SKIPPED: 'Skipped',
};

/** Every state has a form of its own, so that colour is never the only sign. */
const FORM: Readonly<Record<Kind, string>> = {
  run: 'M4 2.5v7l5.5-3.5z',
  ok: 'M2 6.4 4.8 9 10 3.4',
  bad: 'M2.8 2.8l6.4 6.4M9.2 2.8 2.8 9.2',
  late: 'M6 3v3.2L8 8M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6',
  warn: 'M6 1.5 11 10.5H1zM6 5v2.4M6 9v.1',
  hold: 'M4 2.5v7M8 2.5v7',
  wait: 'M6 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4',
  stop: 'M3 3h6v6H3z',
  skip: 'M2.5 3 6 6 2.5 9M6.5 3 10 6 6.5 9',
  none: 'M6 1.8a4.2 4.2 0 1 0 0 8.4 4.2 4.2 0 0 0 0-8.4',
};
const SOLID: readonly Kind[] = ['run', 'stop'];

/** An unknown state is grey, and is shown in the server's own word. */
export const kindOf = (status: string): Kind => KIND[status] ?? 'none';
export const wordOf = (status: string): string => WORD[status] ?? status;

/** The form of a state. The word beside it says the same, so screen readers skip the form. */
export function Mark({ status }: { status: string }): ComponentChild {
  const kind = kindOf(status);
  const fill = SOLID.includes(kind) ? 'solid' : 'stroke';
  return html`<svg class=${`mark k-${kind}`} viewBox="0 0 12 12" aria-hidden="true"><path d=${FORM[kind]} class=${fill}/></svg>`;
}

/** A state with its form and its word. `calm` for what needs no attention. */
export function Status({ status, calm = false }: { status: string; calm?: boolean }): ComponentChild {
  return html`<span class=${`status k-${kindOf(status)} ${calm ? 'calm' : ''}`}><${Mark} status=${status}/>${wordOf(status)}</span>`;
}
