import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import auditCommand from '../../cli/commands/audit.ts';
import type { FoundRequest } from '../../core/audit/search.ts';
import { pause } from '../../core/pause.ts';
import { auditFolderForTest, filesIn } from '../support/audit-scene.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, eras } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';
import { INITIALIZE, raw } from '../support/raw-mcp.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());

const start = (folder: string, more: Record<string, string> = {}) =>
  startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url, RATE_LIMIT_RPM: '1000000', MCP_AUDIT_DIR: folder, ...more });
const run = (folder: string, ...args: string[]) =>
  runCommand(auditCommand, args, { settings: { mcpAuditDir: folder } });

async function records(folder: string, ...args: string[]): Promise<FoundRequest[]> {
  const { stdout } = await run(folder, '--json', '--limit', '100000', ...args);
  return stdout === '' ? [] : stdout.split('\n').map((line) => JSON.parse(line) as FoundRequest); // `--json` writes these
}

/** Sends reads and changes, one after the other, until the server is gone. */
function callsTo(server: HttpProcess): { answered: () => number; ended: Promise<void> } {
  let answered = 0;
  const call = (name: string, args: object) => raw(server.url, 'tools/call', { name, arguments: args });
  const ended = (async () => {
    for (;;) {
      await call('get_execution_status', { executionId: 'exec-1' });
      answered += 1;
      await call('execute_workflow', { name: 'fake_flow', input: { password: 'hunter22' } });
      answered += 1;
    }
  })().catch(() => {}); // the server was killed
  return { answered: () => answered, ended };
}

test('S6: three MCP servers are killed while clients call them: each answered call is recorded, and the log verifies', async () => {
  const folder = auditFolderForTest();
  const servers = await Promise.all([start(folder), start(folder), start(folder)]);
  const clients = servers.flatMap((server) => [callsTo(server), callsTo(server)]);
  await expect.poll(() => clients.every(({ answered }) => answered() > 5)).toBe(true);
  await pause(Math.random() * 100);
  for (const { child } of servers) child.kill('SIGKILL');
  await Promise.all(clients.map(({ ended }) => ended));

  const found = await records(folder);
  const decided = found.filter(({ decision }) => decision === 'allowed').length;
  const answered = clients.reduce((sum, client) => sum + client.answered(), 0);
  expect(decided).toBeGreaterThanOrEqual(answered);
  expect(decided).toBeLessThanOrEqual(answered + clients.length); // an answer can be lost on its way
  expect(await run(folder, 'verify')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^No line was changed/m),
  });
  const started = found.find(({ subject, decision }) => subject === 'execute_workflow' && decision === 'allowed');
  expect(started).toMatchObject({
    caller: { name: 'local', role: 'admin', knownBy: 'configuration' },
    from: { transport: 'http', era: 'modern', address: '127.0.0.1' },
    args: { shown: { name: 'fake_flow', input: '<object of 1>' } },
    outcome: 'ok',
  });
  expect(started?.executionId).toEqual(expect.any(String));
});

test('S6: refused, limited and unknown requests are recorded, and no secret is, wherever a client puts it', async () => {
  const folder = auditFolderForTest();
  const server = await start(folder, { MCP_ROLE: 'viewer', RATE_LIMIT_RPM: '10', RATE_LIMIT_BURST: '6' });
  const secret = 'hunter22abc';
  const call = (name: string, args: object) => raw(server.url, 'tools/call', { name, arguments: args });
  await call('get_workflow', { name: `Bearer ${secret}`, password: secret });
  await call('execute_workflow', {
    name: 'fake_flow',
    input: { headers: { Authorization: `Basic ${secret}` }, key: '${workflow.secrets.hunter22abc}', list: [secret] },
  });
  await call(`token=${secret}`, {});
  await raw(server.url, 'resources/read', { uri: `https://ada:${secret}@example.com/` });
  for (let i = 0; i < 12; i++) await raw(server.url, 'tools/list');
  await server.stop();

  const found = await records(folder);
  const decisions = new Set(found.map(({ method, subject, decision }) => `${method} ${subject ?? ''} ${decision}`));
  expect([...decisions].sort()).toEqual(
    expect.arrayContaining([
      'resources/read <text> not-found',
      'tools/call <text> invalid',
      'tools/call execute_workflow permission',
      'tools/call get_workflow allowed',
      'tools/list  allowed',
      'tools/list  limit',
    ]),
  );
  expect(await run(folder, 'verify')).toMatchObject({ code: 0, stdout: expect.not.stringContaining('closing line') });
  for (const file of filesIn(folder)) expect(readFileSync(join(folder, file), 'utf8')).not.toContain('hunter22');
});

test.each(eras)('S6: requests over stdio are recorded for a client of %s', async (era) => {
  const folder = auditFolderForTest();
  const client = await connect(
    era,
    stdioTarget({ CONDUCTOR_SERVER_URL: fake.url, MCP_AUDIT_DIR: folder, MCP_USER: 'ada' }),
  );
  await client.call('get_execution_status', { executionId: 'exec-1' });
  await client.close();
  const all = await records(folder);
  const greeting = era === '2026-07-28' ? 'server/discover' : 'initialize';
  expect(all.at(-1)).toMatchObject({ method: greeting, caller: { name: 'ada' }, decision: 'allowed', outcome: 'ok' });
  const found = all.filter(({ subject }) => subject === 'get_execution_status');
  expect(found).toMatchObject([
    {
      caller: { name: 'ada' },
      from: { transport: 'stdio' },
      decision: 'allowed',
      outcome: 'ok',
      executionId: 'exec-1',
    },
  ]);
});

test('S6: over stdio, unknown methods and wrong parameters are recorded too', async () => {
  const folder = auditFolderForTest();
  const { command, args, env } = stdioTarget({ CONDUCTOR_SERVER_URL: fake.url, MCP_AUDIT_DIR: folder });
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const requests = [
    ['initialize', INITIALIZE],
    ['workflows/delete', {}],
    ['tools/call', { name: 7 }],
    ['ping', {}],
  ] as const;
  for (const [id, [method, params]] of requests.entries())
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await expect.poll(() => output.trim().split('\n').length).toBe(requests.length);
  child.stdin.end();
  await exited;
  const found = (await records(folder)).map(({ method, decision, outcome, code }) => [
    method,
    decision,
    outcome ?? code,
  ]);
  expect(found.sort()).toEqual([
    ['initialize', 'allowed', 'ok'],
    ['ping', 'allowed', 'ok'],
    ['tools/call', 'invalid', '-32602'],
    ['workflows/delete', 'invalid', '-32601'],
  ]);
});

test('S6: a client may start the server over stdio in a folder where it cannot write; over HTTP, the server does not start', async () => {
  const FLEET_DIR = join(import.meta.filename, 'data'); // a file cannot contain a folder
  const env = { CONDUCTOR_SERVER_URL: fake.url, MCP_AUDIT_DIR: '', FLEET_DIR };
  const client = await connect('2026-07-28', stdioTarget(env));
  expect(await client.call('get_execution_status', { executionId: 'exec-1' })).toMatchObject({ isError: false });
  await client.close();
  await expect(startHttpProcess(env)).rejects.toThrow(
    /The audit log in .*data.audit cannot be written: .*MCP_AUDIT_DIR/s,
  );
});
