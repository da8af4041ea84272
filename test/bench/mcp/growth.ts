import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Cleanups } from '../../../core/drain.ts';
import { startFakeConductor } from '../../support/fake-conductor.ts';
import type { Child } from '../support/children.ts';
import { residentMemory } from '../support/processes.ts';
import { growth, type MemorySample } from '../workers/memory-growth.ts';
import { atOnce } from './calls.ts';
import { eras, type McpConnection } from './connection.ts';
import { openHttp } from './http.ts';
import { fleetProgram, type Where } from './programs.ts';
import { openStdio } from './stdio.ts';

/** Memory of one server over many calls. */
export interface Flatness {
  way: string;
  calls: number;
  rssMegabytes: number;
  /** The second half of the run over the first, without its beginning. */
  rssRatio: number;
  heapRatio: number;
  /** Bytes a call, by least squares. */
  rssPerCall: number;
  heapPerCall: number;
  isFlat: boolean;
}

const PROBE = fileURLToPath(new URL('../support/heap-probe.ts', import.meta.url));
const IN_FLIGHT = 16;
const message = z.object({ heapUsed: z.number() });

/** What a client asks for in turn: an answer, a list, a start, a mistake, and what nobody has. */
const CALLS: readonly (readonly [tool: string, args: object])[] = [
  ['get_execution_status', { executionId: 'exec-1', detail: 'full' }],
  ['list_workflow_executions', {}],
  ['execute_workflow', { name: 'fake_flow', input: {} }],
  ['get_execution_status', { executionId: 'exec-1', page: 0 }],
  ['get_execution_status', { executionId: 'nobody' }],
];

/** Many calls to each server of ours, against a Conductor that answers at once. */
export async function flatness(where: Where, calls: number, cleanups: Cleanups): Promise<Flatness[]> {
  const fake = await startFakeConductor();
  cleanups.add('end the fake Conductor', () => fake.close());
  const program = { ...fleetProgram({ ...where, url: fake.url }), channel: true };
  const probed = { ...program, args: ['--import', PROBE, ...program.args] };
  const results: Flatness[] = [];
  for (const era of eras) {
    const connection = await openStdio(probed, era);
    cleanups.add('end a server', () => connection.child.stop());
    results.push(await watched(`stdio ${era}`, connection.child, calls, (index) => one(connection, index)));
    await connection.child.stop();
  }
  const http = await openHttp(probed);
  cleanups.add('end a server', () => http.close());
  const connections = eras.map((era) => http.connect(era));
  const either = (index: number) => connections[Math.floor(index / CALLS.length) % connections.length] as McpConnection; // there is one of each era
  results.push(await watched('http, both', http.child, calls, (index) => one(either(index), index)));
  return results;
}

/** A call that is meant to fail fails, and everything else does not. */
async function one(connection: McpConnection, index: number): Promise<void> {
  const which = index % CALLS.length;
  const [tool, args] = CALLS[which] ?? ['', {}];
  const failed = await connection.call(tool, args).then(
    () => false,
    () => true,
  );
  if (failed !== which >= 3) throw new Error(`${tool} ${JSON.stringify(args)} ${failed ? 'failed' : 'did not fail'}`);
}

async function watched(
  way: string,
  child: Child,
  calls: number,
  run: (index: number) => Promise<void>,
): Promise<Flatness> {
  const samples: MemorySample[] = [];
  let settled = 0;
  child.process.on('message', (sent) => {
    const heapUsed = message.safeParse(sent).data?.heapUsed;
    if (heapUsed !== undefined) samples.push({ settled, heapUsed, rss: residentMemory(child.pid) });
  });
  await atOnce(calls, IN_FLIGHT, async (index) => {
    await run(index);
    settled += 1;
  });
  const { rss, heapUsed, isFlat } = growth(samples, calls);
  return {
    way,
    calls,
    rssMegabytes: (samples.at(-1)?.rss ?? Number.NaN) / (1024 * 1024),
    rssRatio: rss.ratio,
    heapRatio: heapUsed.ratio,
    rssPerCall: rss.perTask,
    heapPerCall: heapUsed.perTask,
    isFlat,
  };
}
