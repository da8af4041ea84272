import type { FleetStatus } from '../fleet.ts';

/** A poller that has heard nothing from the server for so long is cut off from it: several long polls and a back-off. */
const SILENT_MS = 45_000;

/**
 * Whether the process shall be sent work at `nowMs`, epoch milliseconds: it takes tasks, the server takes polls and results, and
 * every type that polls has heard of it lately. A type that is full or paused does not poll, and need not.
 */
export function isReady({ state, failing, types }: FleetStatus, nowMs: number): boolean {
  const hears = (type: FleetStatus['types'][number]) =>
    type.state === 'full' || type.state === 'paused' || nowMs - type.lastAnswerAt < SILENT_MS;
  return state === 'running' && !failing.polls && !failing.results && types.every(hears);
}

/** A poll takes seconds, a back-off too. Nothing that a poller does takes longer than this unless it hangs. */
const STUCK_MS = 300_000;

/**
 * Whether the process is alive at `nowMs`: every poller still goes its round, or waits for something that is not its own doing. A
 * server that is away does not make it dead; a restart would mend nothing.
 */
export function isLive({ state, types }: FleetStatus, nowMs: number): boolean {
  const turns = (type: FleetStatus['types'][number]) =>
    !(type.state === 'idle' || type.state === 'polling') || nowMs - type.turnedAt < STUCK_MS;
  return state !== 'running' || types.every(turns);
}
