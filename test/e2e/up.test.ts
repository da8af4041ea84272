import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startFleetCommand } from '../support/product.ts';

const folder = () => ({ FLEET_DIR: mkdtempSync(join(tmpdir(), 'fleet-up-')) });

test('fleet up runs the demonstration, stays, serves MCP, and ends in order on Ctrl-C', async () => {
  const port = await freePort();
  const up = startFleetCommand(['up', '--port', String(port)], folder());
  await up.says(/Everything stays up/);
  const health = await fetch(`http://127.0.0.1:${port}/ready`);
  expect(health.status).toBe(200);
  up.child.kill('SIGINT');
  const { code, stdout, stderr } = await up.ended;
  expect(code, stderr).toBe(0);
  expect(stdout).toMatch(/OrderProcessing\s+COMPLETED/);
  expect(stdout).toMatch(/OrderProcessing\s+FAILED → compensated/);
  expect(stdout).toContain("the shop's own books: reserved, charged, refunded, released, notified");
  expect(stdout).toMatch(/FileProcessing\s+COMPLETED/);
  expect(stdout).toContain(`claude mcp add --transport http conductor http://127.0.0.1:${port}/mcp`);
  const worker = Number(/worker: {2}process (\d+)/.exec(stderr)?.[1]);
  expect(() => process.kill(worker, 0)).toThrow('ESRCH');
});

test('fleet up --once ends with 0 after the demonstration', async () => {
  const { code, stderr } = await startFleetCommand(['up', '--once', '--port', String(await freePort())], folder())
    .ended;
  expect(code, stderr).toBe(0);
});

test('a worker process whose parent was killed ends by itself', async () => {
  const up = startFleetCommand(['up', '--port', String(await freePort())], folder());
  let said = '';
  up.child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  await up.says(/worker: {2}process \d+/);
  const worker = Number(/worker: {2}process (\d+)/.exec(said)?.[1]);
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
