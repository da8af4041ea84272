import { FleetError } from '../../errors.ts';

/** How a long step tells what it does and learns that it shall stop. */
export interface Progress {
  note(line: string): void;
  readonly signal: AbortSignal;
}

/** @throws FleetError `cancelled` once somebody asked to stop */
export function throwIfCancelled(signal: AbortSignal): void {
  if (!signal.aborted) return;
  throw new FleetError('cancelled', 'The start of the Conductor server was interrupted.', { cause: signal.reason });
}
