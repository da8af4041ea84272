import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { guarded } from '../../mcp/admission/index.ts';
import { rateLimit } from '../../mcp/admission/rate-limit.ts';
import { responseBudget } from '../../mcp/admission/response-budget.ts';
import { defineTool, type Guard, type Tool, type ToolResult } from '../../mcp/engine/define-tool.ts';
import { toolCall } from '../support/tool-calls.ts';

const reading: Tool = defineTool({
  name: 'read_thing',
  title: 'Read',
  description: 'Reads.',
  toolset: 'executions',
  permission: 'executions:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({}),
  output: z.object({}),
}).handler(async () => ({ text: '', structured: {} }));
const writing: Tool = { ...reading, annotations: { ...reading.annotations, readOnlyHint: false } };

const ok: ToolResult = { content: [{ type: 'text', text: 'ok' }] };
const textOf = ({ content }: ToolResult) => content.map((block) => (block.type === 'text' ? block.text : '')).join();
const bytes = (result: ToolResult) => Buffer.byteLength(JSON.stringify(result));

/** Makes `n` calls and counts those that were let through. */
async function passed(guard: Guard, n: number): Promise<number> {
  let through = 0;
  for (let i = 0; i < n; i++) {
    await guard(toolCall(reading), async () => {
      through += 1;
      return ok;
    }).catch(() => undefined);
  }
  return through;
}

describe('rate limit', () => {
  test('lets a burst of 50 through and refuses the next call', async () => {
    const guard = rateLimit(1000, () => 0);
    expect(await passed(guard, 60)).toBe(50);
  });

  test('refills with time, up to the burst and no further', async () => {
    let now = 0;
    const guard = rateLimit(600, () => now);
    await passed(guard, 50);
    now = 1000;
    expect(await passed(guard, 60)).toBe(10);
    now = 3_600_000;
    expect(await passed(guard, 60)).toBe(50);
  });

  test('has no larger burst than a whole minute allows', async () => {
    expect(
      await passed(
        rateLimit(3, () => 0),
        10,
      ),
    ).toBe(3);
  });

  test('says when to come back, and that call then succeeds', async () => {
    let now = 0;
    const guard = rateLimit(2, () => now);
    await passed(guard, 2);
    const error = await guard(toolCall(reading), async () => ok).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(FleetError);
    expect(error).toMatchObject({ code: 'denied', retryable: true, remedy: expect.stringContaining('Wait 30 s') });
    now = 30_000;
    expect(await guard(toolCall(reading), async () => ok)).toBe(ok);
  });
});

describe('response budget', () => {
  const guard = responseBudget(4096);

  test('leaves an answer within the limit untouched', async () => {
    expect(await guard(toolCall(reading), async () => ok)).toBe(ok);
  });

  test('cuts text to the limit, keeps structured content and says how to get the rest', async () => {
    const structuredContent = { list: ['ä'.repeat(100)] };
    const result = await guard(toolCall(reading), async () => ({
      content: [{ type: 'text', text: '"€"\n'.repeat(5000) }],
      structuredContent,
    }));
    expect(bytes(result)).toBeLessThanOrEqual(4096);
    expect(bytes(result)).toBeGreaterThan(3000);
    expect(result.structuredContent).toEqual(structuredContent);
    expect(textOf(result)).toMatch(/\[Cut here: the answer has \d+ KB.*Ask for less/);
  });

  test('never leaves half of a character', async () => {
    const result = await guard(toolCall(reading), async () => ({
      content: [{ type: 'text', text: '😀'.repeat(5000) }],
    }));
    expect(textOf(result).isWellFormed()).toBe(true);
  });

  test('refuses an answer whose structured content alone is too large', async () => {
    const large = async () => ({ content: [], structuredContent: { x: 'x'.repeat(5000) } });
    await expect(guard(toolCall(reading), large)).rejects.toMatchObject({ code: 'input', retryable: false });
    await expect(guard(toolCall(reading), large)).rejects.not.toThrow('carried out');
  });

  test('says of a call that changes something that it was carried out', async () => {
    const large = async () => ({ content: [], structuredContent: { x: 'x'.repeat(5000) } });
    await expect(guard(toolCall(writing), large)).rejects.toThrow('carried out; do not repeat it');
  });
});

test('guards are met in the order of the array, the handler last', async () => {
  const met: string[] = [];
  const named =
    (name: string): Guard =>
    (_call, next) => {
      met.push(name);
      return next();
    };
  const run = guarded([named('first'), named('second')], async () => {
    met.push('handler');
    return ok;
  });
  expect(await run(toolCall(reading))).toBe(ok);
  expect(met).toEqual(['first', 'second', 'handler']);
});
