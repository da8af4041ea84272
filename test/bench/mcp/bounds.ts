import type { CallRate, CallTimes } from './calls.ts';
import { type Leftover, MOST_AFTER } from './disconnect.ts';
import { type Flatness, MOST_BYTES_PER_CALL } from './growth.ts';
import { COUNTED } from './operations.ts';
import type { Start } from './start.ts';
import type { Tokens } from './tokens.ts';

/** Everything a run has found out; parts that were left out are empty. */
export interface Findings {
  times: readonly CallTimes[];
  rates: readonly CallRate[];
  tokens: readonly Tokens[];
  starts: readonly Start[];
  flat: readonly Flatness[];
  left: readonly Leftover[];
}

/** One promise, with what was measured. */
export interface Verdict {
  bound: string;
  measured: string;
  isMet: boolean;
}

/** What the front promises. */
export const LIMITS = {
  stdio: { times: 2, plusMs: 1 },
  http: { times: 1, plusMs: 4 },
  callsPerSecond: 400,
  startMs: 300,
  idleMegabytes: 120,
  summaryTokens: 500,
  rowsTokens: 1000,
  listTokens: 4000,
} as const;

/** Rates are promised for what costs the server of Conductor little. */
const CHEAP = ['get task definition', 'get execution (1 task)'];

export function judge(found: Findings): Verdict[] {
  return [
    ...callVerdicts(found.times),
    ...found.rates
      .filter(isOurs)
      .filter(({ operation }) => CHEAP.includes(operation))
      .map(rateVerdict),
    ...found.starts.filter(({ name }) => /^fleet \d/.test(name)).flatMap(startVerdicts),
    ...tokenVerdicts(found.tokens),
    ...found.flat.map(flatVerdict),
    ...found.left.map(leftVerdict),
  ];
}

function isOurs({ way }: { way: string }): boolean {
  return /^(stdio|http) /.test(way);
}

function callVerdicts(times: readonly CallTimes[]): Verdict[] {
  return times.filter(isOurs).flatMap(({ way, operation, ms }) => {
    const raw = times.find((one) => one.way === 'raw' && one.operation === operation);
    if (!raw) return [];
    const limit = way.startsWith('stdio') ? LIMITS.stdio : LIMITS.http;
    const most = limit.times * raw.ms.p50 + limit.plusMs;
    const rule = limit.times === 1 ? `raw + ${limit.plusMs} ms` : `${limit.times} × raw + ${limit.plusMs} ms`;
    return {
      bound: `${way}, ${operation} ≤ ${rule} (${most.toFixed(1)} ms)`,
      measured: `${ms.p50.toFixed(1)} ms`,
      isMet: ms.p50 <= most,
    };
  });
}

function rateVerdict({ way, operation, inFlight, callsPerSecond }: CallRate): Verdict {
  return {
    bound: `${way}, ${operation}, ${inFlight} at once ≥ ${LIMITS.callsPerSecond} calls/s`,
    measured: `${callsPerSecond.toFixed(0)} calls/s`,
    isMet: callsPerSecond >= LIMITS.callsPerSecond,
  };
}

function startVerdicts({ name, greetedMs, idleMegabytes }: Start): Verdict[] {
  return [
    {
      bound: `${name}: first answer ≤ ${LIMITS.startMs} ms`,
      measured: `${greetedMs.toFixed(0)} ms`,
      isMet: greetedMs <= LIMITS.startMs,
    },
    {
      bound: `${name}: idle ≤ ${LIMITS.idleMegabytes} MiB`,
      measured: `${idleMegabytes.toFixed(0)} MiB`,
      isMet: idleMegabytes <= LIMITS.idleMegabytes,
    },
  ];
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

function leftVerdict({ way, before, after, isServerThere = false }: Leftover): Verdict {
  return {
    bound: `${way}: a waiting call ends with its client`,
    measured: `${before} looks before, ${after} requests after${isServerThere ? ', the process is still there' : ''}`,
    isMet: after <= MOST_AFTER && !isServerThere,
  };
}
