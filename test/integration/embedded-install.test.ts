import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { readRecord } from '../../core/conductor/embedded/server-record.ts';
import { ensureServer, serverStatus } from '../../core/conductor/ensure-server.ts';
import { processEnvironment } from '../../core/config.ts';
import { folderOf, quiet, TestFolders } from '../support/embedded-folders.ts';
import { fakeJava } from '../support/fake-java.ts';
import { fakeDocker, fakeMaven } from '../support/fake-programs.ts';
import { freePort } from '../support/free-port.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

const { PATH } = processEnvironment();
afterEach(() => {
  process.env.PATH = PATH;
});

/** Makes a data folder, a fake Java, and a PATH on which only the fake Maven and Docker of the test are found. */
async function scene(name: string) {
  const bin = join(folders.path, `${name}-bin`);
  mkdirSync(bin);
  process.env.PATH = bin;
  const java = fakeJava(join(folders.path, `${name}-java`));
  const config = folders.configFor(name, { ...java, conductorJar: undefined, serverPort: await freePort() });
  const cacheDir = config.cacheDir ?? '';
  const maven = (brings?: string) =>
    fakeMaven(bin, {
      repository: join(folders.path, `${name}-repository`),
      pathOfJar: join(release.pathInRepository, release.jarName),
      ...(brings !== undefined && { brings }),
    });
  const docker = (how: { answers?: boolean; starts?: boolean } = {}) =>
    fakeDocker(bin, { java: config.conductorJava ?? '', ...how });
  const jars = () => readdirSync(cacheDir).filter((file) => file.endsWith('.jar'));
  const notes: string[] = [];
  const start = () => ensureServer(config, { note: (line) => void notes.push(line) });
  const jar = `conductor-server-${release.version}-${config.conductorJarSha256?.slice(0, 12)}.jar`;
  return { config, cacheDir, maven, docker, jars, jar, notes, start };
}

describe('the boot jar', () => {
  test('Maven fetches the boot jar into the cache once', async () => {
    const { maven, jars, jar, notes, start } = await scene('fetched');
    maven('a boot jar');
    await (await start()).stop();
    expect(jars()).toEqual([jar]);
    expect(notes.join('\n')).toContain('with Maven');
    notes.length = 0;
    await (await start()).stop();
    expect(notes.join('\n')).not.toContain('with Maven');
  });

  test('Maven fetches the boot jar again if the jar in the cache is damaged', async () => {
    const { cacheDir, maven, jar, notes, start } = await scene('damaged');
    mkdirSync(cacheDir, { recursive: true });
    writeFileSync(join(cacheDir, jar), 'half a jar');
    maven('a boot jar');
    await (await start()).stop();
    expect(notes[0]).toContain('is damaged');
    expect(readFileSync(join(cacheDir, jar), 'utf8')).toBe('a boot jar');
  });

  test('a jar with a wrong checksum from Maven is neither kept nor started', async () => {
    const { config, maven, jars, start } = await scene('wrong');
    maven('something else');
    await expect(start()).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/^Maven fetched .*not the expected/),
    });
    expect(jars()).toEqual([]);
    expect(readRecord(folderOf(config).record)).toBe('none');
  });

  test.each([
    ['Maven is not installed', false, 'Maven (mvn) is not installed'],
    ['Maven fails', true, '[ERROR] The repository cannot be reached.'],
  ])('if %s and no Docker engine answers, the error lists the ways to get a server', async (name, hasMaven, why) => {
    const { maven, docker, notes, start } = await scene(name);
    if (hasMaven) maven();
    docker({ answers: false });
    await expect(start()).rejects.toMatchObject({
      code: 'environment',
      remedy: expect.stringMatching(/CONDUCTOR_SERVER_URL[\s\S]*CONDUCTOR_JAR[\s\S]*mvn[\s\S]*Docker/),
    });
    expect(notes.join('\n')).toContain(why);
    expect(notes.join('\n')).toContain('No Docker engine answers.');
  });
});

describe('a container, if no jar can be found', () => {
  test('without a jar, a start runs a container; a second start shares it, and a stop removes it', async () => {
    const { config, docker, start } = await scene('container');
    const calls = docker();
    const server = await start();
    expect(server).toMatchObject({ kind: 'docker', owned: true, url: `http://127.0.0.1:${config.serverPort}/api` });
    expect(await start()).toMatchObject({ kind: 'docker', owned: false, reused: true });
    expect(await serverStatus(config)).toMatchObject({ kind: 'docker', ready: true });
    expect(calls().filter((call) => /^(pull|run) /.test(call))).toEqual(['pull --quiet', 'run --detach']);
    await expect.poll(() => readFileSync(folderOf(config).log, 'utf8')).toContain('what the container prints');
    await server.stop();
    expect(calls().slice(-2)).toEqual(['stop --time=20', 'rm --force']);
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
  });

  test('a container that cannot start is not recorded', async () => {
    const { config, docker, start } = await scene('no-container');
    docker({ starts: false });
    await expect(start()).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringContaining('no space left on device'),
    });
    expect(readRecord(folderOf(config).record)).toBe('none');
  });

  test('a container that was removed does not count as a running server', async () => {
    const { config, docker, start } = await scene('taken-away');
    docker();
    const server = await start();
    const engine = join(folders.path, 'taken-away-bin/docker-state');
    const [container = ''] = readdirSync(engine).filter((file) => file !== 'calls');
    process.kill(Number(readFileSync(join(engine, container), 'utf8')));
    rmSync(join(engine, container));
    expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
    await server.stop();
    expect(readRecord(folderOf(config).record)).toBe('none');
  });
});

test('the installed Java is found through JAVA_HOME', async () => {
  const { config, maven } = await scene('home');
  const home = join(folders.path, 'home-jdk');
  fakeJava(join(home, 'bin'));
  maven('a boot jar');
  const server = await ensureServer({ ...config, conductorJava: undefined, javaHome: home }, quiet);
  expect(readFileSync(join(home, 'bin/started'), 'utf8')).toContain('server.jar');
  await server.stop();
});
