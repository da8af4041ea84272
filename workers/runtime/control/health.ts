import type { FleetStatus } from '../fleet.ts';

/** After this long without an answer, a poller counts as cut off from the server. Several long polls and a backoff fit into this time. */
const SILENT_MS = 45_000;

/**
 * True if the process is ready for work at `nowMs`, in epoch milliseconds. It must take tasks, the server must accept polls and results,
 * and every type that polls must have had an answer recently. A type that is full or paused does not poll, so it needs no answer.
 */
export function isReady({ state, failing, types }: FleetStatus, nowMs: number): boolean {
  const hears = (type: FleetStatus['types'][number]) =>
    type.state === 'full' || type.state === 'paused' || nowMs - type.lastAnswerAt < SILENT_MS;
  return state === 'running' && !failing.polls && !failing.results && types.every(hears);
}

/** A poller whose step takes longer than this hangs: a poll and a backoff take only seconds. */
const STUCK_MS = 300_000;

/**
 * True if the process is alive at `nowMs`, in epoch milliseconds: every poller still polls, or waits for a slot or for the server. The
 * process stays alive while the server is unreachable, because a restart would not help.
 */
export function isLive({ state, types }: FleetStatus, nowMs: number): boolean {
  const turns = (type: FleetStatus['types'][number]) =>
    !(type.state === 'idle' || type.state === 'polling') || nowMs - type.turnedAt < STUCK_MS;
  return state !== 'running' || types.every(turns);
}
