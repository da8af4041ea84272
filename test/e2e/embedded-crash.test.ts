import { DatabaseSync } from 'node:sqlite';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import { ensureServer } from '../../core/conductor/server.ts';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import type { Config } from '../../core/config.ts';
import { commandOf } from '../../core/processes.ts';
import { folderOf, quiet, TestFolders } from '../support/embedded-folders.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

const wait = (ref: string) => ({
  name: 'wait',
  taskReferenceName: ref,
  type: 'WAIT',
  inputParameters: { duration: '12 seconds' },
});

const forked: WorkflowDef = {
  name: 'embedded_fork',
  version: 1,
  schemaVersion: 2,
  tasks: [
    { name: 'fork', taskReferenceName: 'fork', type: 'FORK_JOIN', forkTasks: [[wait('left')], [wait('right')]] },
    { name: 'join', taskReferenceName: 'join', type: 'JOIN', joinOn: ['left', 'right'] },
  ],
};

it('ends a fork whose JOIN the killed server had in hand', async () => {
  const config = folders.configFor('crash');
  const killed = await ensureServer(config, quiet);
  const before = connect(config, killed.url);
  await before.putWorkflowDef(forked);
  const id = await before.startWorkflow({ name: forked.name, version: 1, input: {} });
  before.close();
  await kill(killed.pid ?? 0);
  expect(hideJoins(folderOf(config).database)).toBe(1);

  const notes: string[] = [];
  const server = await ensureServer(config, { note: (line) => notes.push(line) });
  const conductor = connect(config, server.url);
  try {
    expect(notes.join('\n')).toContain('Took up 1 open JOIN');
    const { status } = await conductor.waitForEnd(id, { signal: AbortSignal.timeout(60_000) });
    expect(status).toBe('COMPLETED');
  } finally {
    conductor.close();
    await server.stop();
  }
}, 300_000); // a server comes up twice

function connect(config: Config, url: string) {
  return createConductor(createCaller({ ...config, conductorServerUrl: url }));
}

async function kill(pid: number): Promise<void> {
  process.kill(pid, 'SIGKILL');
  while ((await commandOf(pid)) !== undefined) await pause(50);
}

/** What the server does to the message of a JOIN while it evaluates it; to be killed right then is a matter of luck. */
function hideJoins(file: string): number | bigint {
  const database = new DatabaseSync(file);
  try {
    return database
      .prepare(
        `UPDATE queue_message SET popped = 1, offset_time_seconds = 3600,
         deliver_on = strftime('%Y-%m-%d %H:%M:%f', 'now', '+3600 seconds') WHERE queue_name = 'JOIN'`,
      )
      .run().changes;
  } finally {
    database.close();
  }
}
