import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exclusively, SHIPPED_WORKERS } from '../support/exclusive.ts';
import { freePort } from '../support/free-port.ts';
import { startFleetCommand } from '../support/product.ts';

let done: () => void;
beforeAll(async () => {
  done = await exclusively(SHIPPED_WORKERS);
});
afterAll(() => done());

const folder = () => ({ FLEET_DIR: mkdtempSync(join(tmpdir(), 'fleet-up-')) });

test('fleet up runs the demonstration, keeps running, serves MCP, and stops everything on Ctrl-C', async () => {
  const port = await freePort();
  const up = startFleetCommand(['up', '--port', String(port)], folder());
  await up.says(/Everything keeps running/);
  const health = await fetch(`http://127.0.0.1:${port}/ready`);
  expect(health.status).toBe(200);
  up.child.kill('SIGINT');
  const { code, stdout, stderr } = await up.ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/OrderProcessing\s+COMPLETED/);
  expect(stdout).toMatch(/OrderProcessing\s+FAILED → compensated/);
  expect(stdout).toContain('what the shop recorded: reserved, charged, refunded, released, notified');
  expect(stdout).toMatch(/FileProcessing\s+COMPLETED/);
  expect(stdout).toContain(`claude mcp add --transport http conductor http://127.0.0.1:${port}/mcp`);
  const worker = Number(/worker: {2}process (\d+)/.exec(stderr)?.[1]);
  expect(() => process.kill(worker, 0)).toThrow('ESRCH');
});

test('fleet up --once ends with 0 after the demonstration; N4: MCP that moves to a free port says why', async () => {
  const other = createServer();
  // If the port is already taken on this machine, that serves as well.
  await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(3000, '127.0.0.1', resolve));
  const { code, stderr } = await startFleetCommand(['up', '--once'], { ...folder(), MCP_PORT: '' }).ended;
  other.close();
  expect(code, stderr).toBe(0);
  const [, port] = /MCP: {5}http:\/\/127\.0\.0\.1:(\d+)\/mcp/.exec(stderr) ?? [];
  expect(stderr).toContain(
    `Another program uses port 3000, so MCP uses port ${port}. MCP clients that are set up for port 3000 reach that program and not this fleet.`,
  );
});

test.each([
  ['the result of its first file', ['z.txt', 'b.txt', '.hidden'], /3\. b\.txt, compressed and analysed\n.*COMPLETED/],
  ['that it has no file', ['.hidden'], /3\. No file to compress/],
])('fleet up with a files root without a README reads only in that folder, and shows %s', async (_, names, shown) => {
  const filesRoot = mkdtempSync(join(tmpdir(), 'fleet-root-'));
  for (const name of names) writeFileSync(join(filesRoot, name), `words of ${name}`);
  const args = ['up', '--once', '--files-root', filesRoot, '--port', String(await freePort())];
  const { code, stdout, stderr } = await startFleetCommand(args, folder()).ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(shown);
});

test('fleet up ends soon after its worker process is killed, and names the log file', async () => {
  const where = folder();
  const up = startFleetCommand(['up', '--port', String(await freePort())], where);
  const worker = Number((await up.says(/worker: {2}process (\d+),/))[1]);
  process.kill(worker, 'SIGKILL');
  const killedAt = Date.now();
  const { code, stderr } = await up.ended;
  expect(code, stderr).toBe(1);
  expect(stderr).toContain('error: The worker process ended by SIGKILL.');
  expect(stderr).toContain(join(where.FLEET_DIR, 'worker.log'));
  expect(Date.now() - killedAt).toBeLessThan(10_000);
});

test('a worker process ends by itself after its fleet up process is killed', async () => {
  const up = startFleetCommand(['up', '--port', String(await freePort())], folder());
  const worker = Number((await up.says(/worker: {2}process (\d+),/))[1]);
  up.child.kill('SIGKILL');
  await up.ended;
  for (let alive = true; alive; ) {
    try {
      process.kill(worker, 0);
      await new Promise((resolve) => setTimeout(resolve, 100));
    } catch {
      alive = false;
    }
  }
});
