import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { TaskResult } from '../../core/conductor/types.ts';
import { startFakeConductor } from '../support/fake-conductor.ts';
import { root, startFleetCommand } from '../support/product.ts';

test('a worker process finishes its running task before it stops', async () => {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const slow = createServer(async (_, response) => {
    asked.resolve();
    await answer.promise;
    response.end('late');
  });
  await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;

  const fake = await startFakeConductor();
  const results: TaskResult[] = [];
  let queued = 1;
  fake.routes = ({ method, path, body }) => {
    if (path === '/api/tasks/poll/batch/http_request') {
      const task = {
        taskId: 't',
        taskType: 'http_request',
        referenceTaskName: 'r',
        workflowInstanceId: 'w',
        status: 'IN_PROGRESS',
      };
      return { body: queued-- > 0 ? [{ ...task, inputData: { url } }] : [] };
    }
    if (method === 'POST' && path === '/api/tasks') results.push(body as TaskResult);
    return method === 'POST' ? { body: (body as TaskResult).taskId } : undefined;
  };

  const worker = startFleetCommand(['work', '--only', 'http_request'], { CONDUCTOR_SERVER_URL: fake.url });
  await asked.promise;
  worker.child.kill('SIGTERM');
  await worker.says(/Stopping/);
  expect(results).toEqual([]);
  answer.resolve();
  const { code, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr.trimEnd(), 'N10: the log of a worker process says that it has stopped').toMatch(/\nStopped\.$/);
  expect(results).toEqual([expect.objectContaining({ taskId: 't', status: 'COMPLETED' })]);
  await fake.close();
  slow.close();
});

test('a worker process serves tasks even if it cannot write to its data folder', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'read-only-')), 'file');
  closeSync(openSync(file, 'w'));
  const fake = await startFakeConductor();
  const env = { CONDUCTOR_SERVER_URL: fake.url, FLEET_DIR: join(file, 'data') };
  const worker = startFleetCommand(['work', '--only', 'http_request'], env);
  await worker.says(/serves 1 task type of/);
  worker.child.kill('SIGTERM');
  const { code, stderr } = await worker.ended;
  expect(code).toBe(0);
  expect(stderr).toMatch(/cannot announce itself in the data folder/);
  await fake.close();
});

test('compress_file needs less memory than the size of the file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'large-'));
  const file = openSync(join(folder, 'large'), 'w');
  ftruncateSync(file, 1_000_000_000); // a sparse file: its 1 GB of zero bytes takes no space on disk
  closeSync(file);
  const program = `
    const { default: compress } = await import(${JSON.stringify(join(root, 'workers/tasks/compress-file.ts'))});
    const { silentLogger: log } = await import(${JSON.stringify(join(root, 'core/log.ts'))});
    const settings = { shopUrl: 'http://shop', filesRoot: ${JSON.stringify(folder)}, outputDir: ${JSON.stringify(folder)} };
    const context = { signal: new AbortController().signal, attempt: 1, taskId: 't', taskReferenceName: 'r', workflowId: 'w', idempotencyKey: 'k', log, settings };
    const { originalBytes } = await compress.execute({ path: 'large', level: 1 }, context);
    console.log(JSON.stringify({ originalBytes, peakBytes: process.resourceUsage().maxRSS * 1024 }));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
  const { originalBytes, peakBytes } = JSON.parse(printed) as { originalBytes: number; peakBytes: number };
  expect(originalBytes).toBe(1_000_000_000);
  expect(peakBytes).toBeLessThan(originalBytes / 4);
});
