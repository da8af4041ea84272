import type { CallRate, CallTimes } from './calls.ts';
import { type Leftover, MOST_AFTER } from './disconnect.ts';
import { type Flatness, MOST_BYTES_PER_CALL } from './growth.ts';
import { COUNTED } from './operations.ts';
import { PEER_NAME } from './programs.ts';
import type { Start } from './start.ts';
import type { Tokens } from './tokens.ts';

/** All measurements of a run. If the run skips a part, its list is empty. */
export interface Findings {
  times: readonly CallTimes[];
  rates: readonly CallRate[];
  tokens: readonly Tokens[];
  starts: readonly Start[];
  flat: readonly Flatness[];
  left: readonly Leftover[];
}

/** One bound and the figure measured for it. */
export interface Verdict {
  bound: string;
  measured: string;
  isMet: boolean;
}

/** The bounds that the MCP server promises. The bounds in tokens are fixed numbers; all others compare figures of the same run. */
export const LIMITS = {
  /** Median of a call: `times` × raw HTTP + `plusMs`. */
  call: { times: 2, plusMs: 4 },
  /** Limits relative to the official server. */
  rateToPeer: 10,
  startToPeer: 0.35,
  memoryToPeer: 1.4,
  summaryTokens: 500,
  rowsTokens: 1000,
  listTokens: 4000,
} as const;

/**
 * Calls that are cheap for Conductor. Only these have a promised rate. For other calls, Conductor itself limits the rate of every
 * server.
 */
const CHEAP = ['get task definition', 'get execution (1 task)'];

/**
 * Compares the figures of this checkout with the bounds. If the run did not measure the official server, it skips the bounds
 * relative to that server.
 */
export function judge(found: Findings): Verdict[] {
  return [
    ...callVerdicts(found.times),
    ...rateVerdicts(found.rates),
    ...startVerdicts(found.starts),
    ...tokenVerdicts(found.tokens),
    ...found.flat.filter(isOurs).map(flatVerdict),
    ...found.left.map(leftVerdict),
  ];
}

function isOurs({ way }: { way: string }): boolean {
  return /^(stdio|http) /.test(way);
}

function callVerdicts(times: readonly CallTimes[]): Verdict[] {
  const { times: factor, plusMs } = LIMITS.call;
  return times.filter(isOurs).flatMap(({ way, operation, ms }) => {
    const raw = times.find((one) => one.way === 'raw' && one.operation === operation);
    if (!raw) return [];
    const most = factor * raw.ms.p50 + plusMs;
    return {
      bound: `${way}, ${operation} ≤ ${factor} × raw + ${plusMs} ms (${most.toFixed(1)} ms)`,
      measured: `${ms.p50.toFixed(1)} ms`,
      isMet: ms.p50 <= most,
    };
  });
}

function rateVerdicts(rates: readonly CallRate[]): Verdict[] {
  const ours = rates.filter(isOurs).filter(({ operation }) => CHEAP.includes(operation));
  return ours.flatMap(({ way, operation, inFlight, callsPerSecond }) => {
    const peer = rates.find((one) => one.way === PEER_NAME && one.operation === operation);
    if (!peer) return [];
    const ratio = callsPerSecond / peer.callsPerSecond;
    return {
      bound: `${way}, ${operation}, ${inFlight} in flight ≥ ${LIMITS.rateToPeer} × ${PEER_NAME}`,
      measured: `${ratio.toFixed(1)} × (${callsPerSecond.toFixed(0)} calls/s)`,
      isMet: ratio >= LIMITS.rateToPeer,
    };
  });
}

function startVerdicts(starts: readonly Start[]): Verdict[] {
  const peer = starts.find(({ name }) => name === PEER_NAME);
  if (!peer) return [];
  return starts
    .filter(({ name }) => /^fleet \d/.test(name))
    .flatMap(({ name, greetedMs, idleMegabytes }) => [
      atMost(`${name}: first answer`, greetedMs, 'ms', LIMITS.startToPeer, peer.greetedMs),
      atMost(`${name}: memory at rest`, idleMegabytes, 'MiB', LIMITS.memoryToPeer, peer.idleMegabytes),
    ]);
}

function atMost(what: string, value: number, unit: string, limit: number, peer: number): Verdict {
  const ratio = value / peer;
  return {
    bound: `${what} ≤ ${limit} × ${PEER_NAME}`,
    measured: `${ratio.toFixed(2)} × (${value.toFixed(0)} ${unit})`,
    isMet: ratio <= limit,
  };
}

function tokenVerdicts(tokens: readonly Tokens[]): Verdict[] {
  const limits: readonly (readonly [what: string, shown: string, most: number])[] = [
    [COUNTED.summary, 'summary of 30 × 2 KB', LIMITS.summaryTokens],
    [COUNTED.rows, '20 rows', LIMITS.rowsTokens],
    ['tools/list', 'tools/list', LIMITS.listTokens],
  ];
  return limits.flatMap(([what, shown, most]) =>
    tokens
      .filter((one) => one.what === what && isOurs(one))
      .map(({ way, text, structured }) => ({
        bound: `${way}, ${shown} ≤ ${most} tokens`,
        measured: `${text} as text${structured > 0 ? `, ${structured} structured` : ''}`,
        isMet: Math.max(text, structured) <= most,
      })),
  );
}

function flatVerdict({ way, calls, rssRatio, heapPerCall, isFlat }: Flatness): Verdict {
  return {
    bound: `${way}: memory is flat over ${calls} calls (≤ ${MOST_BYTES_PER_CALL} bytes a call, RSS ≤ 1.1 of the first half)`,
    measured: `${heapPerCall.toFixed(0)} bytes a call, RSS ${rssRatio.toFixed(2)}`,
    isMet: isFlat,
  };
}

function leftVerdict({ way, before, after, isServerRunning = false }: Leftover): Verdict {
  return {
    bound: `${way}: a waiting call ends when its client leaves`,
    measured: `${before} requests before, ${after} after${isServerRunning ? ', the process still runs' : ''}`,
    isMet: after <= MOST_AFTER && !isServerRunning,
  };
}
