import { FleetError } from '../../errors.ts';

/** Lets a long step report its progress, and tells it when to stop. */
export interface Progress {
  note(line: string): void;
  readonly signal: AbortSignal;
}

/** @throws FleetError `cancelled` if the signal is aborted */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new FleetError('cancelled', 'The start of the Conductor server was interrupted.', { cause: signal.reason });
}
