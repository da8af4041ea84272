import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { passedIn, requiredOf, runSuite } from '../support/conformance.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { type HttpProcess, startFixtureProcess, startHttpProcess } from '../support/mcp-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'fleet-conformance-'));
const runFolder = () => mkdtempSync(join(folder, 'run-'));
const TIMEOUT_MS = 120_000;

let fake: FakeConductor;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(async () => {
  await fake.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the fixture, on the product’s server and transports', () => {
  let http: HttpProcess;
  beforeAll(async () => {
    http = await startFixtureProcess({ MCP_SESSIONS: 'true' });
  }, TIMEOUT_MS);
  afterAll(() => http.stop());

  test.each([
    { revision: '2025-11-25', required: 30, optional: 3, checks: 84 },
    { revision: '2026-07-28', required: 37, optional: 13, checks: 196 },
  ])(
    'the fixture passes all $required required and $optional optional scenarios of $revision',
    async ({ revision, required, optional, checks }) => {
      const { exitCode, output, findings } = await runSuite(http.url, ['--requirements', revision], runFolder());
      expect(findings, output).toEqual([]);
      expect(exitCode, output).toBe(0);
      const names = await requiredOf(revision);
      expect(names).toHaveLength(required);
      expect(passedIn(output)).toEqual(expect.arrayContaining(names));
      expect(output).toContain(`Total: ${checks} passed, 0 failed`);
      expect(output).toContain(`Not scored for ${revision}: ${optional} scenario(s) run, 0 failing.`);
    },
    TIMEOUT_MS,
  );
});

describe('the product itself', () => {
  let http: HttpProcess;
  let sessions: HttpProcess;
  beforeAll(async () => {
    http = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url });
    sessions = await startHttpProcess({ CONDUCTOR_SERVER_URL: fake.url }, ['--sessions']);
  }, TIMEOUT_MS);
  afterAll(async () => {
    await Promise.all([http.stop(), sessions.stop()]);
  });

  async function expectToPass(url: string, revision: string, scenario: string): Promise<void> {
    const args = ['--scenario', scenario, '--spec-version', revision];
    const { exitCode, output, findings } = await runSuite(url, args, runFolder());
    expect(findings, output).toEqual([]);
    expect(exitCode, output).toBe(0);
    expect(output).toMatch(/^Passed: [1-9]/m);
  }

  test.each([
    ['2025-11-25', 'server-initialize'],
    ['2025-11-25', 'ping'],
    ['2025-11-25', 'tools-list'],
    ['2025-11-25', 'dns-rebinding-protection'],
    ['2026-07-28', 'tools-list'],
    ['2026-07-28', 'dns-rebinding-protection'],
    ['2026-07-28', 'server-sse-multiple-streams'],
    ['2026-07-28', 'input-required-result-unsupported-methods'],
    ['2026-07-28', 'http-header-validation'],
  ])('%s: %s', (revision, scenario) => expectToPass(http.url, revision, scenario), TIMEOUT_MS);

  test.each(['server-session-lifecycle', 'server-sse-multiple-streams', 'server-initialize'])(
    '2025-11-25 with sessions: %s',
    (scenario) => expectToPass(sessions.url, '2025-11-25', scenario),
    TIMEOUT_MS,
  );

  test(
    'the product passes the scenario server-stateless of 2026-07-28, except checks that need the fixture',
    async () => {
      const args = ['--scenario', 'server-stateless', '--spec-version', '2026-07-28'];
      const { findings, output } = await runSuite(http.url, args, runFolder());
      const failed = findings.filter(({ status }) => status === 'FAILURE');
      expect(
        failed.map(({ check }) => check),
        output,
      ).toEqual([
        'sep-2575-server-rejects-undeclared-capability',
        'sep-2575-missing-capability-http-400',
        'sep-2575-http-server-no-independent-requests-on-stream',
        'sep-2575-server-no-log-without-loglevel',
      ]);
      for (const { message } of failed) expect(message).toMatch(/^Not testable/);
      // The suite cannot make a tool of the product change the list. Other tests cover this notification.
      const warned = findings.filter(({ status }) => status === 'WARNING').map(({ check }) => check);
      expect(warned, output).toEqual(['sep-2575-server-sends-tools-list-changed-on-subscription']);
    },
    TIMEOUT_MS,
  );
});
