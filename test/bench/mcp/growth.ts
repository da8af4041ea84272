import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Cleanups } from '../../../core/cleanups.ts';
import { startFakeConductor } from '../../support/fake-conductor.ts';
import type { Child } from '../support/children.ts';
import { peakMemory, residentMemory } from '../support/processes.ts';
import { growth, type MemorySample } from '../workers/memory-growth.ts';
import { atOnce } from './calls.ts';
import { eras, type McpConnection } from './connection.ts';
import { openHttp } from './http.ts';
import { fleetProgram, type Where } from './programs.ts';
import { openStdio, type Program } from './stdio.ts';

/** Memory of one server over many calls. The bench measures the heap after a garbage collection. */
export interface Flatness {
  way: string;
  calls: number;
  heapMegabytes: number;
  rssMegabytes: number;
  peakMegabytes: number;
  /** Median of the second half of the run divided by the median of the first half. Neither half includes the warm-up. */
  heapRatio: number;
  rssRatio: number;
  /** Bytes that each call leaves on the heap: the slope of a least-squares fit. */
  heapPerCall: number;
  isFlat: boolean;
}

/** Above zero, because code that V8 compiles during the run also stays on the heap. A leaked object with a listener is larger than this. */
export const MOST_BYTES_PER_CALL = 64;

interface Amount {
  calls: number;
  /** Unmeasured calls before the measurement starts. */
  warmUp: number;
}

const SAMPLES = 40;
const IN_FLIGHT = 16;
const MEBIBYTE = 1024 * 1024;
const PROBE = fileURLToPath(new URL('../support/collect-probe.ts', import.meta.url));
const probeMessage = z.tuple([z.object({ heapUsed: z.number() }), z.unknown()]);

/** The calls that the client repeats in this order: read an execution, list executions, start one, then two calls that must fail. */
const CALLS: readonly (readonly [tool: string, args: object])[] = [
  ['get_execution_status', { executionId: 'exec-1', detail: 'full' }],
  ['list_workflow_executions', {}],
  ['execute_workflow', { name: 'fake_flow', input: {} }],
  ['get_execution_status', { executionId: 'exec-1', page: 0 }],
  ['get_execution_status', { executionId: 'nobody' }],
];
const FIRST_FAILING = 3;

/** Makes the calls to each of our servers and measures its memory. A fake Conductor answers every request at once. */
export async function flatness(
  where: Where,
  also: string | undefined,
  amount: Amount,
  cleanups: Cleanups,
): Promise<Flatness[]> {
  const fake = await startFakeConductor();
  cleanups.add('end the fake Conductor', () => fake.close());
  const results = await flatnessOf('', probed(fleetProgram({ ...where, url: fake.url })), amount, cleanups);
  if (also === undefined) return results;
  const program = probed(fleetProgram({ ...where, url: fake.url }, { checkout: also }));
  return [...results, ...(await flatnessOf('also ', program, amount, cleanups))];
}

async function flatnessOf(prefix: string, program: Program, amount: Amount, cleanups: Cleanups): Promise<Flatness[]> {
  const results: Flatness[] = [];
  for (const era of eras) {
    const connection = await openStdio(program, era);
    cleanups.add('end a server', () => connection.child.stop());
    results.push(await watched(`${prefix}stdio ${era}`, connection.child, amount, [connection]));
    await connection.child.stop();
  }
  const http = await openHttp(program);
  cleanups.add('end a server', () => http.close());
  const both = eras.map((era) => http.connect(era));
  results.push(await watched(`${prefix}http, both`, http.child, amount, both));
  await http.child.stop();
  return results;
}

/** Adds a probe to a Node program. The probe reports the heap size. */
export function probed(program: Program): Program {
  return { ...program, channel: true, args: ['--expose-gc', '--import', PROBE, ...program.args] };
}

/** Bytes on the heap after a garbage collection. */
export async function heldBy({ process: child }: Child): Promise<number> {
  const answer = once(child, 'message');
  child.send('collect');
  const [{ heapUsed }] = probeMessage.parse(await answer);
  return heapUsed;
}

/**
 * Makes calls of every kind, 16 at a time, and takes the connections in turn. @throws if a call fails that should succeed, or the
 * reverse
 */
export async function callAll(connections: readonly McpConnection[], calls: number): Promise<void> {
  await atOnce(calls, IN_FLIGHT, async (index) => {
    const which = index % CALLS.length;
    const [tool, args] = CALLS[which] ?? ['', {}];
    const connection = connections[Math.floor(index / CALLS.length) % connections.length];
    const failed = await connection?.call(tool, args).then(
      () => false,
      () => true,
    );
    if (failed !== which >= FIRST_FAILING) {
      throw new Error(`${tool} ${JSON.stringify(args)} ${failed ? 'failed' : 'did not fail'}`);
    }
  });
}

async function watched(
  way: string,
  child: Child,
  { calls, warmUp }: Amount,
  connections: readonly McpConnection[],
): Promise<Flatness> {
  if (warmUp > 0) await callAll(connections, warmUp);
  const samples: MemorySample[] = [];
  const each = Math.ceil(calls / SAMPLES);
  for (let settled = each; settled <= calls; settled += each) {
    await callAll(connections, each);
    const rss = residentMemory(child.pid); // must be read first: the garbage collection in `heldBy` changes it
    samples.push({ settled, rss, heapUsed: await heldBy(child) });
  }
  const { rss, heapUsed } = growth(samples, calls);
  const last = samples.at(-1);
  return {
    way,
    calls,
    heapMegabytes: (last?.heapUsed ?? Number.NaN) / MEBIBYTE,
    rssMegabytes: (last?.rss ?? Number.NaN) / MEBIBYTE,
    peakMegabytes: peakMemory([child.pid]) / MEBIBYTE,
    heapRatio: heapUsed.ratio,
    rssRatio: rss.ratio,
    heapPerCall: heapUsed.perTask,
    isFlat: rss.ratio <= 1.1 && heapUsed.perTask <= MOST_BYTES_PER_CALL,
  };
}
