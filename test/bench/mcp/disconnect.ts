import { setTimeout as pause } from 'node:timers/promises';
import type { Cleanups } from '../../../core/cleanups.ts';
import { type FakeConductor, fakeExecution, startFakeConductor } from '../../support/fake-conductor.ts';
import { eras, type McpConnection } from './connection.ts';
import { openHttp } from './http.ts';
import { fleetProgram, type Where } from './programs.ts';
import { openStdio } from './stdio.ts';

/** How many requests a waiting call sends to Conductor before and after its client has disconnected. */
export interface Leftover {
  way: string;
  /**
   * `before` counts the reads of the execution while the client was connected. `after` counts all requests to Conductor in the
   * three seconds after it left.
   */
  before: number;
  after: number;
  /** Whether the server's process still runs. Only measured over stdio, where the process must end when its client disconnects. */
  isServerRunning?: boolean;
}

const WATCHED_MS = 3000;
const READY_MS = 20_000;
/** The client leaves after the call has read its execution this many times. */
const READS = 5;
/** One request may be under way when the client leaves. */
export const MOST_AFTER = 1;

const WAITING = ['execute_workflow', { name: 'fake_flow', input: {}, waitSeconds: 45 }] as const;

/** Over both transports and in both eras, makes a call that waits for an endless execution, then disconnects the client. */
export async function leftovers(where: Where, cleanups: Cleanups): Promise<Leftover[]> {
  const fake = await startFakeConductor();
  cleanups.add('end the fake Conductor', () => fake.close());
  fake.routes = neverEnds;
  const program = fleetProgram({ ...where, url: fake.url });
  const results: Leftover[] = [];
  for (const era of eras) {
    const cancelled = await openStdio(program, era);
    cleanups.add('end a server', () => cancelled.child.stop());
    results.push({ way: `stdio ${era}, cancelled`, ...(await abandoned(fake, cancelled)) });
    await cancelled.hangUp();

    const left = await openStdio(program, era);
    cleanups.add('end a server', () => left.child.stop());
    const counts = await abandoned(fake, left, { leave: () => left.hangUp() });
    results.push({ way: `stdio ${era}, hung up`, ...counts, isServerRunning: !left.child.hasEnded });
  }
  const http = await openHttp(program);
  cleanups.add('end a server', () => http.close());
  for (const era of eras) {
    results.push({ way: `http ${era}, hung up`, ...(await abandoned(fake, http.connect(era))) });
  }
  return results;
}

/** Routes for a fake Conductor: its only execution never ends. */
export function neverEnds({ path }: { path: string }) {
  if (path.startsWith('/api/workflow/exec-1')) {
    return { body: fakeExecution({ status: 'RUNNING', endTime: 0, output: {}, tasks: [] }) };
  }
  return undefined;
}

/** Makes a call that waits, then disconnects its client. */
export async function abandoned(
  fake: FakeConductor,
  connection: McpConnection,
  { leave, watchedMs = WATCHED_MS }: { leave?: () => Promise<void>; watchedMs?: number } = {},
): Promise<{ before: number; after: number }> {
  const calling = new AbortController();
  const asked = fake.requests.length;
  const call = connection.call(...WAITING, { signal: calling.signal }).catch(() => undefined);
  const reads = () => fake.requests.slice(asked).filter(({ path }) => path.startsWith('/api/workflow/exec-1')).length;
  const end = Date.now() + READY_MS;
  while (reads() < READS) {
    if (Date.now() > end)
      throw new Error('the call does not read its execution repeatedly, so it does not wait for the end');
    await pause(20);
  }
  const before = reads();
  if (leave) await leave();
  else calling.abort();
  await call;
  return { before, after: await during(fake, watchedMs) };
}

async function during({ requests }: FakeConductor, watchedMs: number): Promise<number> {
  const count = requests.length;
  await pause(watchedMs);
  return requests.length - count;
}
