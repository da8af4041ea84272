import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Ran, type Running, realConductor, runFleetCommand, startFleetCommand } from '../support/product.ts';
import { type WrittenFiles, writeFilesOf } from '../support/written-files.ts';

/** Writes the files of docs/guide.md, and runs its commands against the real server. */
const conductor = realConductor();
let files: WrittenFiles;
let env: Record<string, string>;
let worker: Running | undefined;

beforeAll(() => {
  files = writeFilesOf('docs/guide.md', import.meta.dirname);
  env = {
    TASKS_DIR: join(files.folder, 'workers/tasks'),
    WORKFLOWS_DIR: join(files.folder, 'workflows'),
    FLEET_NAME: 'guide',
  };
});

afterAll(async () => {
  worker?.child.kill('SIGTERM');
  await worker?.ended;
  files.remove();
  conductor.close();
});

async function fleet(...args: string[]): Promise<Ran> {
  const ran = await runFleetCommand(args, env);
  expect(ran, `fleet ${args.join(' ')}: ${(ran.stderr + ran.stdout).slice(0, 2000)}`).toMatchObject({ code: 0 });
  return ran;
}

test('every step of the guide works: lint, diagram, test, apply, run, and a decision by a person', async () => {
  await fleet('lint', '--strict', join(files.folder, 'workflows/definitions/purchase-request.ts'));
  expect((await fleet('diagram', 'PurchaseRequest')).stdout).toContain('ask_or_not');

  const { stdout: dry } = await fleet('test', 'PurchaseRequest');
  expect(dry).toContain('3 scenarios passed, 0 failed');
  for (const missed of ['approved_or_not', 'shipping'])
    expect(dry, 'the dry run lists the tasks that no scenario reaches, as the guide says').toContain(missed);

  await fleet('apply', '--yes', '--wait', '60');
  expect((await fleet('plan')).stdout).toContain('Nothing to do');
  worker = startFleetCommand(['work', '--only', 'quote_shipping'], env);
  await worker.says(/serves 1 task type/);

  const small = await fleet('run', 'PurchaseRequest', '--input', '{"symbol":"LAMP","pieces":2}', '--wait', '--json');
  expect(JSON.parse(small.stdout)).toMatchObject({ output: { total: 40.22, outcome: 'approved' } });

  const { stdout } = await fleet('run', 'PurchaseRequest', '--input', '{"symbol":"LAMP","pieces":20}');
  const id = stdout.trim();
  await expect.poll(async () => (await runFleetCommand(['complete'], env)).stdout, { timeout: 60_000 }).toContain(id);
  await fleet('complete', id, 'approve', '--output', '{"approved":true}');
  expect(await conductor.waitForEnd(id)).toMatchObject({ status: 'COMPLETED', output: { outcome: 'approved' } });
  expect((await fleet('diagram', id)).stdout).toContain('COMPLETED');
});
