import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { processEnvironment } from '../../core/config.ts';
import { freePort } from '../support/free-port.ts';
import { type InstalledProject, installProject } from '../support/installed-project.ts';
import { connect } from '../support/mcp-clients.ts';
import { dockerIn } from './stack.ts';

/* The compose file that `fleet init` writes, in a project with the packed package. */

const name = `${processEnvironment().FLEET_TEST_PROJECT ?? `fleet-test-${randomUUID().slice(0, 8)}`}-new`;
let project: InstalledProject;
let mcpPort: number;
let compose: (...args: string[]) => Promise<string>;

beforeAll(async () => {
  project = await installProject('my-orders');
  mcpPort = await freePort();
  const docker = await dockerIn(project.folder, { MCP_PORT: `${mcpPort}`, CONDUCTOR_PORT: `${await freePort()}` });
  compose = (...args) => docker(['compose', '--project-name', name, ...args]);
});
afterAll(async () => {
  await compose?.('down', '--volumes', '--remove-orphans', '--timeout', '5');
  project?.remove();
});

const containers = z.array(z.object({ Service: z.string(), State: z.string(), ExitCode: z.int() }));

/** The state and the exit code of each service. */
async function states(): Promise<Record<string, string>> {
  const lines = (await compose('ps', '--all', '--format', 'json')).trim().split('\n');
  const found = containers.parse(lines.map((line) => JSON.parse(line)));
  return Object.fromEntries(found.map(({ Service, State, ExitCode }) => [Service, `${State} ${ExitCode}`]));
}

test('P1: docker compose up in a new project serves its workflow, its worker and its own MCP tool', async () => {
  await compose('up', '--detach', '--wait', '--wait-timeout', '400').catch(async (cause: unknown) => {
    throw new Error(await compose('logs', '--no-color', '--tail', '40'), { cause });
  });
  expect(await states()).toEqual({
    conductor: 'running 0',
    'conductor-data': 'exited 0',
    register: 'exited 0',
    workers: 'running 0',
    mcp: 'running 0',
  });
  const client = await connect('2025-11-25', { url: `http://127.0.0.1:${mcpPort}/mcp` });
  const run = { name: 'HelloWorld', input: { name: 'Ada' }, waitSeconds: 45 };
  const { structured, text } = await client.call('execute_workflow', run);
  expect(structured, text).toMatchObject({ status: 'COMPLETED', output: { greeting: 'Hello, Ada!' } });
  expect(await client.call('say_hello', { name: 'Ada' })).toMatchObject({ isError: false });
  await client.close();

  await compose('stop', 'workers', 'mcp');
  expect(await states()).toMatchObject({ workers: 'exited 0', mcp: 'exited 0' });
});
