import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { processEnvironment } from '../../core/config.ts';
import { endProcesses, processesWith } from '../../core/processes.ts';
import { runFleetCommand } from '../support/product.ts';

const folder = () => mkdtempSync(join(tmpdir(), 'fleet-safety-'));
const none = { CONDUCTOR_SERVER_URL: '' };

test('fleet server start --fresh removes no data if the server cannot start', async () => {
  const FLEET_DIR = folder();
  const database = join(FLEET_DIR, 'conductor.db');
  writeFileSync(database, 'SQLite format 3\0 and more');
  const { code, stderr } = await runFleetCommand(['server', 'start', '--fresh'], {
    ...none,
    FLEET_DIR,
    CONDUCTOR_JAR: join(FLEET_DIR, 'nope.jar'),
  });
  expect(code).not.toBe(0);
  expect(stderr).toContain('nope.jar');
  expect(existsSync(database)).toBe(true);
});

test('fleet server start --fresh is refused for an external server', async () => {
  const env = { CONDUCTOR_SERVER_URL: 'http://127.0.0.1:1/api' };
  const { code, stderr } = await runFleetCommand(['server', 'start', '--fresh'], env);
  expect(code).toBe(2);
  expect(stderr).toContain('--fresh would delete the data of');
});

test('if a server was started through a script, the stop ends both', async () => {
  const mark = `-Dfleet.instance=${randomUUID()}`;
  const script = join(folder(), 'java');
  writeFileSync(script, `#!/bin/sh\n"${process.execPath}" -e 'setInterval(() => {}, 1000)' -- "$@"\n`);
  chmodSync(script, 0o755);
  spawn(script, [mark], { detached: true, stdio: 'ignore' }).unref();
  while ((await processesWith(mark)).length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
  await endProcesses(mark, 5_000);
  expect(await processesWith(mark)).toEqual([]);
});

describe('if the container engine does not answer', () => {
  test('the container counts as running, and its record is kept', async () => {
    const FLEET_DIR = folder();
    const bin = folder();
    writeFileSync(join(bin, 'docker'), '#!/bin/sh\necho "Cannot connect to the Docker daemon" >&2\nexit 1\n');
    chmodSync(join(bin, 'docker'), 0o755);
    const state = {
      kind: 'docker',
      instance: randomUUID(),
      port: 1,
      startedAt: new Date().toISOString(),
      version: release.version,
    };
    writeFileSync(join(FLEET_DIR, 'server.json'), JSON.stringify(state));
    const PATH = `${bin}${delimiter}${processEnvironment().PATH}`;
    const { code, stderr } = await runFleetCommand(['server', 'stop'], { ...none, FLEET_DIR, PATH });
    expect(code).toBe(1);
    expect(stderr).toContain('Cannot connect to the Docker daemon');
    expect(existsSync(join(FLEET_DIR, 'server.json'))).toBe(true);
  });
});
