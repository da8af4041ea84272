import type { Table } from '../support/output.ts';
import { round } from '../support/statistics.ts';
import type { Findings, Verdict } from './bounds.ts';
import { PEER_NAME } from './programs.ts';

/** Returns one table for each measured part. */
export function tablesOf({ times, rates, starts, tokens, flat, left }: Findings): Table[] {
  const of = (all: readonly { operation: string; way: string }[], way: string, operation: string) =>
    all.find((one) => one.way === way && one.operation === operation);
  const callTable: Table = {
    title: 'Milliseconds per call, one call at a time; each ratio compares two medians',
    head: ['call', 'way', 'median', 'p95', 'to raw', 'over raw, ms', `${PEER_NAME} to it`],
    rows: times.map(({ operation, way, ms }) => {
      const raw = of(times, 'raw', operation) as (typeof times)[number] | undefined;
      const peer = of(times, PEER_NAME, operation) as (typeof times)[number] | undefined;
      return [
        operation,
        way,
        round(ms.p50),
        round(ms.p95),
        round(ms.p50 / (raw?.ms.p50 ?? Number.NaN)),
        round(ms.p50 - (raw?.ms.p50 ?? Number.NaN)),
        round((peer?.ms.p50 ?? Number.NaN) / ms.p50),
      ];
    }),
  };
  const rateTable: Table = {
    title: `Calls per second, ${rates[0]?.inFlight ?? 0} in flight`,
    head: ['call', 'way', 'calls/s', 'to raw', `to ${PEER_NAME}`, 'CPU ms a call'],
    rows: rates.map(({ operation, way, callsPerSecond, cpuMsPerCall }) => {
      const to = (other: string) => {
        const found = of(rates, other, operation) as (typeof rates)[number] | undefined;
        return round(callsPerSecond / (found?.callsPerSecond ?? Number.NaN));
      };
      return [operation, way, round(callsPerSecond), to('raw'), to(PEER_NAME), round(cpuMsPerCall ?? Number.NaN)];
    }),
  };
  const startTable: Table = {
    title: 'Start: milliseconds from spawn to the first answer and to the answer of tools/list; MiB at rest',
    head: ['server', 'first answer', 'fastest', 'CPU ms', 'tools/list', 'MiB'],
    rows: starts.map(({ name, greetedMs, fastestGreetedMs, cpuMs, listedMs, idleMegabytes }) => [
      name,
      ...[greetedMs, fastestGreetedMs, cpuMs, listedMs, idleMegabytes].map((value) => Math.round(value)),
    ]),
  };
  const tokenTable: Table = {
    title: 'Tokens (o200k_base)',
    head: ['answer', 'way', 'text', 'structured', 'bytes on the wire'],
    rows: tokens.map(({ what, way, text, structured, bytes }) => [what, way, text, structured, bytes]),
  };
  const flatTable: Table = {
    title: 'Memory over many calls, in MiB; the heap is measured after a garbage collection',
    head: ['way', 'calls', 'heap', 'bytes a call', 'RSS', 'peak', 'second half over first, heap', 'RSS'],
    rows: flat.map((one) => [
      one.way,
      one.calls,
      round(one.heapMegabytes),
      round(one.heapPerCall),
      round(one.rssMegabytes),
      round(one.peakMegabytes),
      round(one.heapRatio),
      round(one.rssRatio),
    ]),
  };
  const leftTable: Table = {
    title:
      'How often the server reads an execution while a client waits, and requests in the 3 s after the client has left',
    head: ['way', 'before', 'after'],
    rows: left.map(({ way, before, after }) => [way, before, after]),
  };
  return [callTable, rateTable, startTable, tokenTable, flatTable, leftTable].filter(({ rows }) => rows.length > 0);
}

export function verdictTable(verdicts: readonly Verdict[]): Table {
  return {
    title: 'Bounds',
    head: ['bound', 'measured', ''],
    rows: verdicts.map(({ bound, measured, isMet }) => [bound, measured, isMet ? 'PASS' : 'FAIL']),
  };
}
