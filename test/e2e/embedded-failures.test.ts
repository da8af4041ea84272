import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findJar } from '../../core/conductor/embedded/install/find-jar.ts';
import { findJava } from '../../core/conductor/embedded/install/find-java.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { findUnpacked, unpack } from '../../core/conductor/embedded/install/unpack.ts';
import { ensureServer, serverStatus } from '../../core/conductor/ensure-server.ts';
import { processEnvironment } from '../../core/config.ts';
import { pause } from '../../core/pause.ts';
import { quiet, TestFolders } from '../support/embedded-folders.ts';
import { freePort } from '../support/free-port.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

/** Listens on a port, and answers as another Conductor server would. */
async function impersonate(port: number): Promise<Server> {
  const server = createServer(({ url }, response) => {
    if (url?.endsWith('/version')) response.end(release.version);
    else response.setHeader('Content-Type', 'application/json').end('{"healthy":true,"fleet.instance":"another"}');
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('a start that cannot succeed', () => {
  it('a start fails if another server has taken its port, and leaves nothing running', async () => {
    const config = folders.configFor('race', { serverPort: await freePort() });
    const port = config.serverPort ?? 0;
    const thief: Promise<Server>[] = [];
    const note = (line: string) => void (line.startsWith('Starting') && thief.push(impersonate(port)));
    await expect(ensureServer(config, { note })).rejects.toMatchObject({
      code: 'environment',
      message: `Port ${port} is taken: another program listens on it.`,
    });
    await expect(ensureServer(config, quiet)).rejects.toThrow(`Port ${port} is taken`);
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
    for (const server of thief) (await server).close().closeAllConnections();
  });

  it('the error of a start shows the last log lines if the server ends at once', async () => {
    await expect(ensureServer(folders.configFor('tiny', { serverMemory: '1m' }), quiet)).rejects.toMatchObject({
      message: expect.stringMatching(/ended while it was starting\. Its log says:\n.*heap/is),
    });
  });
});

describe('the cache of jars', () => {
  it.skipIf(processEnvironment().CONDUCTOR_JAR)(
    'a damaged jar in the cache is replaced by a new one from Maven',
    async () => {
      const config = folders.configFor('cache', { cacheDir: join(folders.path, 'cache') });
      const name = `conductor-server-${release.version}-${release.sha256.slice(0, 12)}.jar`;
      mkdirSync(join(folders.path, 'cache'));
      writeFileSync(join(folders.path, 'cache', name), 'half a jar');
      const notes: string[] = [];
      const progress = { note: (line: string) => void notes.push(line), signal: new AbortController().signal };
      expect(await findJar(config, progress)).toBe(join(folders.path, 'cache', name));
      expect(notes[0]).toContain('is damaged; fetching it again');
      expect(readdirSync(join(folders.path, 'cache'))).toEqual([name]);

      const other = { ...config, conductorJarSha256: '0'.repeat(64) };
      await expect(findJar(other, progress)).rejects.toMatchObject({
        code: 'environment',
        message: expect.stringMatching(/^Maven fetched .*not the expected 0{64}\.$/),
      });
      expect(readdirSync(join(folders.path, 'cache'))).toEqual([name]);
    },
  );
});

describe('the unpacked server', () => {
  const cacheDir = join(folders.path, 'unpacked');
  const config = folders.configFor('unpack', { cacheDir });
  const kept = () => readdirSync(cacheDir).filter((name) => !name.endsWith('.lock'));
  const notes: string[] = [];
  let java = '';
  let jar = '';
  let main = '';
  const unpackAs = (signal = new AbortController().signal, from = jar) =>
    unpack(from, java, config, { note: (line) => void notes.push(line), signal });

  beforeAll(async () => {
    const progress = { ...quiet, signal: new AbortController().signal };
    java = await findJava(config, progress.signal);
    jar = (await findJar(folders.configFor('unpack-jar'), progress)) ?? '';
  });
  beforeEach(() => void notes.splice(0));

  it('if the jar cannot be unpacked, the jar itself is started', async () => {
    const other = join(folders.path, 'no-boot.jar');
    writeFileSync(other, 'not a jar');
    expect(await unpackAs(undefined, other)).toBe(other);
    expect(notes.at(-1)).toMatch(/could not be unpacked, so it starts more slowly: Error: .*no-boot\.jar/);
    expect(kept()).toEqual([]);
  });

  it('two starts at the same time unpack the jar once', async () => {
    const both = await Promise.all([unpackAs(), unpackAs()]);
    main = both[0] ?? '';
    expect(both).toEqual([main, main]);
    expect(kept()).toEqual([basename(dirname(main))]);
    expect(notes.sort()).toEqual([
      expect.stringMatching(/^Unpacking the server into /),
      expect.stringMatching(/^Waiting for another fleet process that is unpacking /),
    ]);
    expect(await findUnpacked(config)).toBe(main);
  });

  it('the jar is unpacked again if a file is truncated; an interrupted unpacking changes nothing', async () => {
    const folder = dirname(main);
    const [library = ''] = readdirSync(join(folder, 'lib'));
    const bytes = () => statSync(join(folder, 'lib', library)).size;
    const whole = bytes();
    truncateSync(join(folder, 'lib', library), 10);
    expect(await findUnpacked(config)).toBeUndefined();

    const aborting = new AbortController();
    const interrupted = unpackAs(aborting.signal);
    while (!existsSync(join(`${folder}.tmp`, 'lib', library))) await pause(10);
    aborting.abort();
    await expect(interrupted).rejects.toMatchObject({ code: 'cancelled' });
    expect(kept()).toEqual([basename(folder)]);
    expect(bytes()).toBe(10);

    expect(await unpackAs()).toBe(main);
    expect(bytes()).toBe(whole);
    expect(await findUnpacked(config)).toBe(main);
  });
});
