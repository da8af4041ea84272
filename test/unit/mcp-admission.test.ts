import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import { type Arriving, createAdmission } from '../../mcp/admission/admit.ts';
import { callerOf, type Permission } from '../../mcp/admission/permissions.ts';
import { responseBudget } from '../../mcp/admission/response-budget.ts';
import { readingOf, type Subject } from '../../mcp/admission/subject.ts';

const reading = readingOf('read_thing', 'executions:read');
const writing: Subject = { ...reading, annotations: { readOnlyHint: false } };

const ok: CallToolResult = { content: [{ type: 'text', text: 'ok' }] };
const textOf = ({ content }: { content: readonly { type: string; text?: string }[] }) =>
  content.map((block) => block.text ?? '').join();
const bytes = (result: unknown) => Buffer.byteLength(JSON.stringify(result));

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('Nothing was thrown.');
}

/** What the audit log in a folder says of each request, in order. */
function recordsIn(folder: string): object[] {
  const lines = readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readFileSync(join(folder, file), 'utf8').trimEnd().split('\n'));
  return lines.flatMap((line) => {
    const { kind, decision, outcome } = JSON.parse(line);
    return decision === undefined ? [] : [{ kind, decision, ...(outcome && { outcome }) }];
  });
}

const limitsOf = (rateLimitRpm: number, rateLimitBurst = 50) => ({
  rateLimitRpm,
  rateLimitBurst,
  rateLimitRedisUrl: undefined,
});

describe('response budget', () => {
  const fitted = responseBudget(4096);

  test('an answer within the limit is not changed', () => {
    expect(fitted(ok, reading)).toBe(ok);
  });

  test('a text above the limit is cut and says how to get the rest; structured content is kept', () => {
    const structuredContent = { list: ['ä'.repeat(100)] };
    const result = fitted({ content: [{ type: 'text', text: '"€"\n'.repeat(5000) }], structuredContent }, reading);
    expect(bytes(result)).toBeLessThanOrEqual(4096);
    expect(bytes(result)).toBeGreaterThan(3000);
    expect(result.structuredContent).toEqual(structuredContent);
    expect(textOf(result)).toMatch(/\[Cut here: the answer has \d+ KB.*Ask for less/);
  });

  test('the cut never splits a character', () => {
    const result = fitted({ content: [{ type: 'text', text: '😀'.repeat(5000) }] }, reading);
    expect(textOf(result).isWellFormed()).toBe(true);
  });

  const large = { content: [], structuredContent: { x: 'x'.repeat(5000) } };

  test('if the structured content alone is above the limit, the answer is an error', () => {
    const error = thrownBy(() => fitted(large, reading));
    expect(error).toMatchObject({ code: 'input', retryable: false });
    expect(error).not.toMatchObject({ message: expect.stringContaining('took effect') });
  });

  test('if the call had an effect, the error says that it took effect', () => {
    expect(() => fitted(large, writing)).toThrow('The call itself took effect, so do not repeat it.');
  });

  test('the limit also applies to the result inside a task', () => {
    const task = {
      taskId: 'e1.t',
      status: 'completed',
      result: { content: [{ type: 'text', text: 'x'.repeat(5000) }] },
    };
    const shown = fitted(task, reading);
    expect(shown).toMatchObject({ taskId: 'e1.t', status: 'completed' });
    expect(Buffer.byteLength(JSON.stringify(shown.result))).toBeLessThanOrEqual(4096);
    expect(shown.result.content[0]?.text).toContain('[Cut here: ');
  });

  test('lists and other results are not changed', () => {
    const list = { tools: ['x'.repeat(10_000)] };
    expect(fitted(list, reading)).toBe(list);
  });
});

describe('admission', () => {
  const mcpAuditDir = mkdtempSync(join(tmpdir(), 'admission-'));
  const audit = { mcpAudit: true, mcpAuditDir, mcpAuditDays: 90, mcpAuditSync: false, dataDir: '' };
  const defaults = loadConfig({ env: {} }).config;
  const config = { ...defaults, ...limitsOf(1), rateLimitConcurrent: 2, ...audit, maxResponseSizeKb: 8 };
  const ending = new AbortController();
  const { signal } = ending;
  const now = () => performance.now();
  const admission = () => createAdmission({ config, log: silentLogger, signal, now }).enter;
  const asking = (permission: Permission, countsAgainstRateLimit = true): Arriving => ({
    id: permission,
    caller: callerOf('viewer'),
    peer: { transport: 'stdio', era: 'modern' },
    method: 'tools/call',
    params: {},
    countsAgainstRateLimit,
    find: () => readingOf('thing', permission),
  });

  test('a request is found, then authorized, then counted, and its answer is limited', async () => {
    const enter = admission();
    const unknown = { ...asking('workflows:write'), find: () => Promise.reject(new Error('There is no thing.')) };
    expect(await enter(unknown)).toMatchObject({ isAdmitted: false, error: { message: 'There is no thing.' } });
    expect(await enter(asking('workflows:write'))).toMatchObject({
      isAdmitted: false,
      error: { message: expect.stringContaining('thing needs the permission workflows:write') },
      subject: { name: 'thing' },
    });
    const admitted = await enter(asking('executions:read')); // the two refused requests did not count
    if (!admitted.isAdmitted) throw admitted.error;
    const large = { content: [{ type: 'text', text: 'x'.repeat(20_000) }] };
    expect(textOf(admitted.finish(large))).toContain('[Cut here: ');
    expect(await enter(asking('executions:read'))).toMatchObject({
      isAdmitted: false,
      error: { message: expect.stringContaining('accepts 1 request a minute') },
    });
    const free = await enter(asking('executions:read', false));
    if (!free.isAdmitted) throw free.error;
    expect(() => free.finish({ content: [], structuredContent: { text: 'x'.repeat(20_000) } })).toThrow(
      'The answer has',
    );
    free.fail(new Error('It has ended already.'));
    ending.abort();
    expect(recordsIn(mcpAuditDir)).toEqual([
      { kind: 'request', decision: 'failed' }, // it named something that does not exist
      { kind: 'request', decision: 'permission' },
      { kind: 'request', decision: 'allowed', outcome: 'ok' },
      { kind: 'request', decision: 'limit' },
      { kind: 'request', decision: 'allowed', outcome: 'error' },
    ]);
  });

  test('requests of unknown senders are recorded, but at most sixty a minute, so that nobody can fill the disk', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'admission-'));
    const end = new AbortController();
    let time = 0;
    const options = { config: { ...config, mcpAuditDir: folder }, log: silentLogger, signal: end.signal };
    const { turnAway } = createAdmission({ ...options, now: () => time });
    const turnAwayOne = () => turnAway('id', { transport: 'http', era: 'legacy' });
    for (let n = 0; n < 70; n++) turnAwayOne();
    time = 60_000;
    turnAwayOne();
    await new Promise(setImmediate);
    end.abort();
    expect(recordsIn(folder)).toEqual(Array.from({ length: 61 }, () => ({ kind: 'request', decision: 'permission' })));
    const [file = ''] = readdirSync(folder);
    const text = readFileSync(join(folder, file), 'utf8');
    expect(text).toContain('"subject":"and 10 before it"');
    expect(text).toContain('"caller":{"id":"unauthenticated","name":"unauthenticated","knownBy":"nothing"}');
  });

  test('if a permission is missing, the error names the permission, the role and the setting to change', async () => {
    expect(await admission()(asking('workflows:execute'))).toMatchObject({
      error: {
        code: 'denied',
        permission: 'workflows:execute',
        message: 'thing needs the permission workflows:execute, which the role viewer does not have.',
        remedy: expect.stringContaining('MCP_ROLE'),
      },
    });
  });

  test('a caller has a limited number of requests at the same time; each that ends makes room for another', async () => {
    const enter = admission();
    const free = (): Arriving => asking('executions:read', false);
    const first = await enter(free());
    const second = await enter(free());
    const refused = await enter(free());
    expect(refused).toMatchObject({
      isAdmitted: false,
      error: {
        message: 'This MCP server carries out 2 requests of a caller at the same time, and "local" has as many.',
        retryAfterSeconds: 1,
      },
    });
    expect(await enter({ ...free(), caller: callerOf('viewer', 'ben') })).toMatchObject({ isAdmitted: true });
    if (!first.isAdmitted || !second.isAdmitted) throw new Error('both had room');
    first.finish(ok);
    first.fail(new Error('too late to count'));
    second.fail(new Error('it failed'));
    expect(await Promise.all([enter(free()), enter(free()), enter(free())])).toMatchObject([
      { isAdmitted: true },
      { isAdmitted: true },
      { isAdmitted: false },
    ]);
  });
});
