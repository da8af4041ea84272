import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Cleanups } from '../../core/cleanups.ts';
import { eras } from '../bench/mcp/connection.ts';
import { abandoned, MOST_AFTER, neverEnds } from '../bench/mcp/disconnect.ts';
import { callAll, heldBy, probed } from '../bench/mcp/growth.ts';
import { openHttp } from '../bench/mcp/http.ts';
import { fleetProgram, logFolder } from '../bench/mcp/programs.ts';
import { openStdio, type Program } from '../bench/mcp/stdio.ts';
import { startFakeConductor } from '../support/fake-conductor.ts';

/** A call that still waited would read its execution several times in this time. */
const WATCHED_MS = 1000;
const WARM_UP_CALLS = 1500;
const CALLS = 1500;
/** The limit is not zero, because V8 keeps code that it compiles late. A call that leaks keeps more. */
const MOST_BYTES = 512;

async function scene(cleanups: Cleanups) {
  const fake = await startFakeConductor();
  cleanups.add('end the fake Conductor', () => fake.close());
  const { logFile, remove } = logFolder();
  cleanups.add('remove the folder', async () => remove());
  const program: Program = fleetProgram({ url: fake.url, logFile });
  return { fake, program };
}

let cleanups: Cleanups;
beforeEach(() => {
  cleanups = new Cleanups();
});
afterEach(async () => {
  expect(await cleanups.run()).toEqual([]);
});

describe.each(eras)('if a %s client disconnects during a call that waits, the call ends', (era) => {
  test('over HTTP', async () => {
    const { fake, program } = await scene(cleanups);
    fake.routes = neverEnds;
    const http = await openHttp(program);
    cleanups.add('end the server', () => http.close());
    const { after } = await abandoned(fake, http.connect(era), { watchedMs: WATCHED_MS });
    expect(after).toBeLessThanOrEqual(MOST_AFTER);
  });

  test('over stdio, the call ends if the client cancels it, and the process ends if the client closes the pipe', async () => {
    const { fake, program } = await scene(cleanups);
    fake.routes = neverEnds;
    const connection = await openStdio(program, era);
    cleanups.add('end the server', () => connection.child.stop());
    const { after } = await abandoned(fake, connection, { watchedMs: WATCHED_MS });
    expect(after).toBeLessThanOrEqual(MOST_AFTER);

    await abandoned(fake, connection, { watchedMs: 0, leave: () => connection.hangUp() });
    expect(connection.child.process.exitCode).toBe(0);
  });
});

test('memory does not grow over thousands of calls of both eras', async () => {
  const { program } = await scene(cleanups);
  const http = await openHttp(probed(program));
  cleanups.add('end the server', () => http.close());
  const connections = eras.map((era) => http.connect(era));
  await callAll(connections, WARM_UP_CALLS);
  const before = await heldBy(http.child);
  await callAll(connections, CALLS);
  expect((await heldBy(http.child)) - before).toBeLessThan(CALLS * MOST_BYTES);
}, 180_000);
