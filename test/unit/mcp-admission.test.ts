import type { CallToolResult } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { FleetError } from '../../core/errors.ts';
import { type Arriving, createAdmission } from '../../mcp/admission/admit.ts';
import { callerOf, type Permission } from '../../mcp/admission/permissions.ts';
import { rateLimiter } from '../../mcp/admission/rate-limiter.ts';
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

/** Calls the rate limiter `n` times and counts the calls that it accepts at once. */
function passed(limit: () => number, n: number): number {
  let through = 0;
  for (let i = 0; i < n; i++) {
    try {
      if (limit() === 0) through += 1;
    } catch {
      // refused
    }
  }
  return through;
}

describe('rate limit', () => {
  test('M12: the rate limiter accepts 50 requests at once, and lets the next ones wait for up to two seconds', () => {
    const limit = rateLimiter(1000, () => 0);
    const waits = Array.from({ length: 70 }, () => limit());
    expect(waits.slice(0, 50)).toEqual(waits.slice(0, 50).fill(0));
    expect(waits.slice(50).map(Math.round)).toEqual(Array.from({ length: 20 }, (_, i) => 60 * (i + 1)));
  });

  test('M12: the error names the limit that was hit', () => {
    let now = 0;
    const limit = rateLimiter(1000, () => now);
    passed(limit, 83);
    expect(thrownBy(limit)).toMatchObject({
      message: expect.stringContaining('accepts 50 requests at once and then one every 60 ms'),
      remedy: expect.stringContaining(
        'Wait 1 s, then send the same request again. Send at most 50 requests at the same',
      ),
    });
    for (now = 0; now < 90_000; now += 30) passed(limit, 1);
    expect(thrownBy(() => Array.from({ length: 50 }, limit))).toMatchObject({
      message: 'This MCP server accepts 1000 requests a minute and received more.',
    });
  });

  test('the rate limiter accepts further requests as time passes, but never more than 50 at once', () => {
    let now = 0;
    const limit = rateLimiter(600, () => now);
    passed(limit, 50);
    now = 1000;
    expect(passed(limit, 10)).toBe(10);
    expect(limit()).toBeGreaterThan(0);
    now = 3_600_000;
    expect(passed(limit, 60)).toBe(50);
  });

  test('a burst is never larger than the number of requests per minute', () => {
    const limit = rateLimiter(3, () => 0);
    expect(passed(limit, 10)).toBe(3);
  });

  test('the error of the rate limiter says when to try again, and then the request succeeds', () => {
    let now = 0;
    const limit = rateLimiter(2, () => now);
    passed(limit, 2);
    const error = thrownBy(limit);
    expect(error).toBeInstanceOf(FleetError);
    expect(error).toMatchObject({ code: 'denied', retryable: true, remedy: expect.stringContaining('Wait 28 s') });
    now = 28_000;
    expect(limit()).toBeCloseTo(2000, 3);
    now = 60_000;
    expect(passed(limit, 1)).toBe(1);
  });
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
  const limits = { rateLimitRpm: 1, maxResponseSizeKb: 8 };
  const admission = () => createAdmission({ config: limits, now: () => 0 });
  const asking = (permission: Permission, countsAgainstRateLimit = true): Arriving => ({
    caller: callerOf('viewer'),
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
    expect(await enter(asking('executions:read', false))).toMatchObject({ isAdmitted: true });
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
});
