import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import notifyStonks from '../../workflows/definitions/notify-stonks.ts';
import { defineSchedule } from '../../workflows/dsl/define-schedule.ts';
import notifyStonksDaily from '../../workflows/schedules/notify-stonks-daily.ts';
import {
  booksOf,
  entriesOf,
  orderFault,
  type Running,
  realConductor,
  requestsTo,
  setPrice,
  startShipped,
  unique,
} from '../support/product.ts';

const conductor = realConductor();
let worker: Running;

beforeAll(async () => {
  worker = await startShipped(['fetch_price', 'assess_price_change', 'log_message']);
});

afterAll(async () => {
  worker.child.kill('SIGTERM');
  await worker.ended;
  conductor.close();
});

async function run(input: Record<string, unknown>): Promise<Execution> {
  return conductor.waitForEnd(await startChecked(conductor, { name: 'NotifyStonks', input }));
}

async function listed(previousClose: number, price: number): Promise<string> {
  const symbol = unique('S');
  await setPrice(symbol, { previousClose, price });
  return symbol;
}

const refsOf = ({ tasks }: Execution) => tasks.map(({ referenceTaskName }) => referenceTaskName);

describe.concurrent('NotifyStonks', () => {
  test.each([
    ['rises', 100, 105.01, 5.01],
    ['falls', 100, 94.99, -5.01],
  ])(
    'if the price %s by more than the threshold, one alert is sent',
    async (_, previousClose, price, changePercent) => {
      const symbol = await listed(previousClose, price);
      const { workflowId, status, output } = await run({ symbol });
      expect({ status, output }).toEqual({
        status: 'COMPLETED',
        output: { symbol, previousClose, price, changePercent, outcome: 'alert' },
      });
      expect(await entriesOf(workflowId)).toMatchObject([
        {
          kind: 'notified',
          requests: 1,
          details: { kind: 'price_alert', symbol, previousClose, price, changePercent },
        },
      ]);
    },
  );

  test.each([
    ['exactly +5.00 %', 100, 105, 5],
    ['exactly -5.00 %', 100, 95, -5],
    // As a floating-point number, this change is slightly more than 5 %.
    ['exactly +5.00 % from 60 cents', 0.6, 0.63, 5],
    ['0 %', 42, 42, 0],
  ])('a price change of %s is logged, and no alert is sent', async (_, previousClose, price, changePercent) => {
    const execution = await run({ symbol: await listed(previousClose, price) });
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { changePercent, outcome: 'log' } });
    expect(refsOf(execution)).toContain('log_price');
    expect(await booksOf(execution.workflowId)).toEqual([]);
  });

  test('the threshold can be given as input, and the share has a default', async () => {
    const symbol = await listed(100, 102);
    expect((await run({ symbol, threshold: 1.99 })).output).toMatchObject({ outcome: 'alert' });
    expect((await run({ symbol, threshold: 2 })).output).toMatchObject({ outcome: 'log' });
    expect((await run({})).output).toMatchObject({ symbol: 'STONKS' });
  });

  test('an alert that the shop refuses twice is retried, and arrives once', async () => {
    const symbol = await listed(100, 200);
    await orderFault({ path: '/notifications', fields: { symbol }, status: 500, times: 2 });
    const { workflowId, status, tasks } = await run({ symbol });
    expect(status).toBe('COMPLETED');
    expect(tasks.filter(({ referenceTaskName }) => referenceTaskName === 'send_alert')).toHaveLength(3);
    expect(await booksOf(workflowId)).toEqual(['notified']);
  });

  test('an alert whose answer was lost is sent again with the same idempotency key, and arrives once', async ({
    expect,
  }) => {
    const symbol = await listed(100, 200);
    // The server stops waiting after 25 s and sends the request again, although the shop still sends the first alert.
    await orderFault({ path: '/notifications', fields: { symbol }, delayMs: 27_000, times: 1 });
    const { workflowId, status } = await run({ symbol });
    expect(status).toBe('COMPLETED');
    await expect
      .poll(() => entriesOf(workflowId), { timeout: 30_000 })
      .toMatchObject([{ kind: 'notified', requests: 2 }]);
  });

  test('the workflow retries while the exchange is down, and fails without a retry for an unlisted share', async () => {
    const symbol = await listed(10, 10);
    await orderFault({ path: `/prices/${symbol}`, status: 503, times: 2 });
    expect(await run({ symbol })).toMatchObject({ status: 'COMPLETED' });
    expect((await requestsTo(`/prices/${symbol}`)).map(({ status }) => status)).toEqual([200, 503, 503, 200]);
    const unlisted = unique('Unlisted');
    const failed = await run({ symbol: unlisted });
    expect(failed).toMatchObject({
      status: 'FAILED',
      reasonForIncompletion: expect.stringContaining(`No share is listed as \\"${unlisted}\\".`),
    });
    expect(await requestsTo(`/prices/${unlisted}`)).toHaveLength(1);
  });
});

describe('the schedule of NotifyStonks', () => {
  test('according to the server, the schedule fires daily at 21:00 UTC', async () => {
    const { cronExpression } = notifyStonksDaily.def;
    const firings = await conductor.nextFirings(cronExpression ?? '', 3);
    const times = firings.map((at) => new Date(at).toISOString().slice(11, 19));
    expect(times).toEqual(['21:00:00', '21:00:00', '21:00:00']);
    const [first = 0, second = 0, third = 0] = firings;
    expect([second - first, third - second]).toEqual([86_400_000, 86_400_000]);
  });

  test('each firing causes one execution and one alert', async () => {
    const symbol = await listed(100, 110);
    const { def } = defineSchedule({
      name: unique('notify_stonks_often'),
      description: 'Fires every two seconds, for a test.',
      workflow: notifyStonks,
      input: { symbol, shopUrl: inject('shopUrl') },
      cron: '*/2 * * * * *',
    });
    const fired = async () =>
      (await conductor.searchExecutions({ query: 'workflowType=NotifyStonks', freeText: symbol })).results;
    await conductor.putSchedule(def);
    try {
      await expect.poll(async () => (await fired()).length, { timeout: 60_000 }).toBeGreaterThanOrEqual(3);
    } finally {
      await conductor.deleteSchedule(def.name);
    }
    const executions = await Promise.all((await fired()).map(({ workflowId }) => conductor.waitForEnd(workflowId)));
    expect(executions.map(({ status }) => status)).toEqual(executions.map(() => 'COMPLETED'));
    // `_scheduledTime` is the time of the firing. Two executions must never have the same one.
    const firings = new Set(executions.map(({ input }) => input._scheduledTime));
    expect(firings.size).toBe(executions.length);
    const alerts = await Promise.all(executions.map(({ workflowId }) => entriesOf(workflowId)));
    expect(alerts).toMatchObject(executions.map(() => [{ kind: 'notified', requests: 1, details: { symbol } }]));
  });

  test('a schedule without an input starts the workflow with its defaults', async () => {
    const { def } = defineSchedule({
      name: unique('notify_stonks_plain'),
      description: 'Fires every two seconds, for a test.',
      workflow: notifyStonks,
      input: {},
      cron: '*/2 * * * * *',
    });
    const fired = async () => {
      const answer = await fetch(`${inject('conductorServerUrl')}/scheduler/search/executions?size=500`);
      const { results } = z.object({ results: z.array(firing) }).parse(await answer.json());
      return results.find(({ scheduleName }) => scheduleName === def.name)?.workflowId ?? undefined;
    };
    await conductor.putSchedule(def);
    try {
      await expect.poll(fired, { timeout: 60_000 }).toBeTruthy();
    } finally {
      await conductor.deleteSchedule(def.name);
    }
    const { input, output } = await conductor.waitForEnd((await fired()) ?? '');
    expect(input).toMatchObject({ symbol: 'STONKS', threshold: 5, shopUrl: expect.any(String) });
    expect(output).toMatchObject({ symbol: 'STONKS' });
  });
});

const firing = z.object({ scheduleName: z.string(), workflowId: z.string().nullish() });
