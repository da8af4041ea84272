import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Cleanups } from '../../../core/drain.ts';
import { startFakeConductor } from '../../support/fake-conductor.ts';
import type { Child } from '../support/children.ts';
import { peakMemory, residentMemory } from '../support/processes.ts';
import { growth, type MemorySample } from '../workers/memory-growth.ts';
import { atOnce } from './calls.ts';
import { eras, type McpConnection } from './connection.ts';
import { openHttp } from './http.ts';
import { fleetProgram, type Where } from './programs.ts';
import { openStdio, type Program } from './stdio.ts';

/** Memory of one server over many calls; the heap is what it still holds when its garbage is collected. */
export interface Flatness {
  way: string;
  calls: number;
  heapMegabytes: number;
  rssMegabytes: number;
  peakMegabytes: number;
  /** The second half of the run over the first, without its beginning. */
  heapRatio: number;
  rssRatio: number;
  /** Bytes of the heap that a call leaves behind, by least squares. */
  heapPerCall: number;
  isFlat: boolean;
}

/** What a call may leave behind: less than the smallest object with a name and a listener. Compiled code is among it. */
export const MOST_BYTES_PER_CALL = 64;

const SAMPLES = 40;
const IN_FLIGHT = 16;
const MEBIBYTE = 1024 * 1024;
const PROBE = fileURLToPath(new URL('../support/collect-probe.ts', import.meta.url));
const told = z.tuple([z.object({ heapUsed: z.number() }), z.unknown()]);

/** What a client asks for in turn: an answer, a list, a start; then a mistake, and what nobody has. */
const CALLS: readonly (readonly [tool: string, args: object])[] = [
  ['get_execution_status', { executionId: 'exec-1', detail: 'full' }],
  ['list_workflow_executions', {}],
  ['execute_workflow', { name: 'fake_flow', input: {} }],
  ['get_execution_status', { executionId: 'exec-1', page: 0 }],
  ['get_execution_status', { executionId: 'nobody' }],
];
const FIRST_MISTAKE = 3;

/** Many calls to each server of ours, after `warmUp` that do not count, against a Conductor that answers at once. */
export async function flatness(
  where: Where,
  amount: { calls: number; warmUp: number },
  cleanups: Cleanups,
): Promise<Flatness[]> {
  const fake = await startFakeConductor();
  cleanups.add('end the fake Conductor', () => fake.close());
  const program = probed(fleetProgram({ ...where, url: fake.url }));
  const results: Flatness[] = [];
  for (const era of eras) {
    const connection = await openStdio(program, era);
    cleanups.add('end a server', () => connection.child.stop());
    results.push(await watched(`stdio ${era}`, connection.child, amount, [connection]));
    await connection.child.stop();
  }
  const http = await openHttp(program);
  cleanups.add('end a server', () => http.close());
  results.push(
    await watched(
      'http, both',
      http.child,
      amount,
      eras.map((era) => http.connect(era)),
    ),
  );
  return results;
}

/** A Node program that tells how much it holds. */
export function probed(program: Program): Program {
  return { ...program, channel: true, args: ['--expose-gc', '--import', PROBE, ...program.args] };
}

/** Bytes that it holds after its garbage was collected. */
export async function heldBy({ process: child }: Child): Promise<number> {
  const answer = once(child, 'message');
  child.send('collect');
  const [{ heapUsed }] = told.parse(await answer);
  return heapUsed;
}

/** Calls of every kind over all connections in turn, some at once. @throws if one fails that should not, or the other way round */
export async function callAll(connections: readonly McpConnection[], calls: number): Promise<void> {
  await atOnce(calls, IN_FLIGHT, async (index) => {
    const which = index % CALLS.length;
    const [tool, args] = CALLS[which] ?? ['', {}];
    const connection = connections[Math.floor(index / CALLS.length) % connections.length];
    const failed = await connection?.call(tool, args).then(
      () => false,
      () => true,
    );
    if (failed !== which >= FIRST_MISTAKE) {
      throw new Error(`${tool} ${JSON.stringify(args)} ${failed ? 'failed' : 'did not fail'}`);
    }
  });
}

async function watched(
  way: string,
  child: Child,
  { calls, warmUp }: { calls: number; warmUp: number },
  connections: readonly McpConnection[],
): Promise<Flatness> {
  if (warmUp > 0) await callAll(connections, warmUp);
  const samples: MemorySample[] = [];
  const each = Math.ceil(calls / SAMPLES);
  for (let settled = each; settled <= calls; settled += each) {
    await callAll(connections, each);
    const rss = residentMemory(child.pid); // before the garbage goes
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
