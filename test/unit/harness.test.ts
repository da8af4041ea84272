import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type AbortReason, defineTask, type TaskContext } from '../../core/contract.ts';
import { NonRetryableError } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { runTask } from '../../workers/testing/harness.ts';

const WAIT_MS = 600_000;

const contract = defineTask({
  name: 'probe',
  description: '',
  input: z.object({ who: z.string() }),
  output: z.object({ value: z.unknown() }),
  timeoutSeconds: 60,
  responseTimeoutSeconds: 10,
});

function probe(handler: (context: TaskContext, who: string) => unknown, options?: { thread: boolean }) {
  return contract.worker(async ({ who }, context) => ({ value: await handler(context, who) }), options);
}

const who = { who: 'Ada' };
const untilAborted = ({ signal }: TaskContext) =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

describe('runTask', () => {
  test('runTask resolves with the result that the server would get', async () => {
    const { outcome, output, result } = await runTask(
      probe((_, name) => `Hello, ${name}`),
      who,
    );
    expect(outcome).toMatchObject({ kind: 'completed' });
    expect(output).toEqual({ value: 'Hello, Ada' });
    expect(result).toMatchObject({ taskId: 'task-1', status: 'COMPLETED', outputData: { value: 'Hello, Ada' } });
  });

  test.each([
    ['an error', new Error('busy'), 'FAILED'],
    ['a non-retryable error', new NonRetryableError('no'), 'FAILED_WITH_TERMINAL_ERROR'],
    ['null', null, 'FAILED'],
  ])('runTask also resolves if the handler throws %s', async (_, thrown, status) => {
    const { result } = await runTask(
      probe(() => Promise.reject(thrown)),
      who,
    );
    expect(result).toMatchObject({ status });
  });

  test('runTask checks the input as the worker runtime does', async () => {
    const { result } = await runTask(
      probe(() => 'never'),
      { who: 7 },
    );
    expect(result).toMatchObject({
      status: 'FAILED_WITH_TERMINAL_ERROR',
      reasonForIncompletion: expect.stringContaining('who'),
    });
  });

  test('runTask passes the given attempt, ids, settings and earlier output to the handler', async () => {
    const { output } = await runTask(
      probe(({ attempt, workflowId, idempotencyKey, previousOutput, settings }) => ({
        ...{ attempt, workflowId, idempotencyKey, previousOutput },
        shop: settings.shopUrl,
      })),
      who,
      {
        attempt: 3,
        workflowId: 'w-9',
        taskReferenceName: 'first',
        previousOutput: { page: 2 },
        settings: { shopUrl: 'http://shop' },
      },
    );
    expect(output).toEqual({
      value: {
        attempt: 3,
        workflowId: 'w-9',
        idempotencyKey: 'w-9:first',
        previousOutput: { page: 2 },
        shop: 'http://shop',
      },
    });
  });

  test('runTask returns the progress, the lines of the task log and the lines of the process log', async () => {
    const run = runTask(
      probe(async ({ progress, addLog, log }) => {
        addLog('began');
        log.warn({ page: 1 }, 'slow');
        await progress({ page: 1 });
        addLog('done');
      }),
      who,
    );
    const { logs, logLines, progress, heartbeats, result } = await run;
    expect(logs).toEqual(['began', 'done']);
    expect(logLines).toEqual([{ level: 'warn', fields: { page: 1 }, text: 'slow' }]);
    expect(progress).toEqual([{ page: 1 }]);
    expect(heartbeats).toEqual([expect.objectContaining({ status: 'IN_PROGRESS', outputData: { page: 1 } })]);
    expect(result?.logs?.map(({ log }) => log)).toEqual(['done']);
  });

  test.each<[AbortReason, string | undefined]>([
    ['stopping', 'IN_PROGRESS'],
    ['cancelled', undefined],
    ['time-out', 'FAILED'],
  ])('after an abort with the reason %s, the status for the server is %s', async (reason, status) => {
    const run = runTask(probe(untilAborted), who);
    run.abort(reason);
    expect((await run).result?.status).toBe(status);
  });

  test('runTask copies input and output of a thread handler, and ends the thread at the time limit', async () => {
    const thread = { thread: true };
    const { outcome } = await runTask(
      probe(() => () => 'a function', thread),
      who,
    );
    expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining('could not be cloned') });
    const run = runTask(probe(untilAborted, thread), who);
    await run.advance(60_000);
    expect(await run).toMatchObject({ outcome: { kind: 'failed', reason: 'probe ran out of time.' } });
  });
});

describe('the clock of runTask', () => {
  test('a test can advance the clock to the time limit of the definition or to its own limit', async () => {
    const limited = runTask(probe(untilAborted), who);
    await limited.advance(59_999);
    expect(limited.heartbeats.length).toBeGreaterThan(0);
    await limited.advance(1);
    expect((await limited).result).toMatchObject({ status: 'FAILED', reasonForIncompletion: 'probe ran out of time.' });

    const given = runTask(probe(untilAborted), who, { timeoutSeconds: 5 });
    await given.advance(5_000);
    expect((await given).result).toMatchObject({ status: 'FAILED' });
  });

  test('a handler that ignores its signal is ended shortly after the abort', async () => {
    const run = runTask(
      probe(() => new Promise(() => undefined)),
      who,
    );
    await run.advance(61_500);
    expect((await run).result).toMatchObject({ status: 'FAILED' });
  });

  test('a heartbeat is sent at half of the lease', async () => {
    const run = runTask(probe(untilAborted), who);
    await run.advance(26_000);
    expect(run.heartbeats).toHaveLength(5);
    expect(run.heartbeats[0]).toMatchObject({ status: 'IN_PROGRESS', extendLease: true });
    run.abort('cancelled');
    await run;
  });

  test.each<[string, (context: TaskContext) => Promise<unknown>]>([
    ['setTimeout', () => new Promise((resolve) => setTimeout(resolve, WAIT_MS))],
    ['pause of core/pause.ts', ({ signal }) => pause(WAIT_MS, signal)],
    ['node:timers/promises', ({ signal }) => wait(WAIT_MS, undefined, { signal })],
    [
      'AbortSignal.timeout',
      () => new Promise((resolve) => AbortSignal.timeout(WAIT_MS).addEventListener('abort', resolve)),
    ],
    [
      'setInterval',
      () =>
        new Promise((resolve) => {
          let rounds = 0;
          const timer = setInterval(() => {
            if (++rounds < 60) return;
            clearInterval(timer);
            resolve(rounds);
          }, WAIT_MS / 60);
        }),
    ],
  ])('advancing the clock also advances %s, the date and the performance clock', async (_, waits) => {
    const began = performance.now();
    const run = runTask(
      probe(async (context) => {
        const now = () => [Date.now(), Date.parse(new Date().toISOString()), performance.now()];
        const from = now();
        await waits(context);
        return now().map((to, i) => to - (from[i] ?? 0));
      }),
      who,
      { timeoutSeconds: 0 },
    );
    await run.advance(WAIT_MS);
    const passedBy = z
      .array(z.number())
      .length(3)
      .parse((await run).output?.value);
    for (const passed of passedBy) expect(passed).toBeGreaterThanOrEqual(WAIT_MS - 1);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('the clock follows real time unless the test advances it', async () => {
    const { output } = await runTask(
      probe(async () => {
        const from = performance.now();
        await wait(20);
        return performance.now() - from;
      }),
      who,
    );
    expect(output?.value).toBeGreaterThan(18);
    expect(output?.value).toBeLessThan(2_000);
  });

  test('the clock of one run does not affect other runs or timers, and the original functions are restored at the end', async () => {
    const before = { setTimeout, Date, now: performance.now };
    const early = runTask(probe(untilAborted), who);
    const late = runTask(probe(untilAborted), who);
    let fired = false;
    const mine = setTimeout(() => {
      fired = true;
    }, 30_000);
    await early.advance(60_000);
    expect((await early).outcome).toMatchObject({ kind: 'failed' });
    expect(late.heartbeats).toEqual([]);
    expect(fired).toBe(false);
    expect(Math.abs(Date.now() - new before.Date().getTime())).toBeLessThan(1_000);
    late.abort('cancelled');
    await late;
    expect({ setTimeout, Date, now: performance.now }).toEqual(before);
    clearTimeout(mine);
  });

  test('the fake timers of vitest advance the clock too', async () => {
    vi.useFakeTimers();
    try {
      const run = runTask(probe(untilAborted), who);
      await vi.advanceTimersByTimeAsync(60_000);
      expect((await run).result).toMatchObject({ status: 'FAILED' });
    } finally {
      vi.useRealTimers();
    }
  });
});
