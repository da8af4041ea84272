import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Execution } from '../../core/conductor/types.ts';
import type { Workflow } from '../../core/contract.ts';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import orderProcessing from '../../workflows/definitions/order-processing.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { defineSaga, type Saga } from '../../workflows/dsl/saga.ts';
import {
  booksOf,
  failureWorkflowOf,
  orderFault,
  type Running,
  realConductor,
  requestsTo,
  runFleetCommand,
  startFleetCommand,
  unique,
} from '../support/product.ts';

const conductor = realConductor();
/** Only the worker process of this file gets the tasks of its executions. */
const domain = unique('saga');
let worker: Running;

beforeAll(async () => {
  const registered = await runFleetCommand(['register']);
  expect(registered, registered.stderr).toMatchObject({ code: 0 });
  worker = startFleetCommand(['work'], { CONDUCTOR_WORKER_ALL_DOMAIN: domain });
  await worker.says(/serves \d+ task types/);
});

afterAll(async () => {
  worker.child.kill('SIGKILL'); // what is in doubt still waits for the shop, and would hold up its end
  await worker.ended;
  conductor.close();
});

/** Starts it with the address of this run's shop, which its compensation finds there too. */
function start({ name, version }: Workflow, input: Record<string, unknown>): Promise<string> {
  const everything = { ...input, shopUrl: inject('shopUrl') };
  return conductor.startWorkflow({ name, version, input: everything, taskToDomain: { '*': domain } });
}

async function startOwn(saga: Workflow, input: Record<string, unknown>): Promise<string> {
  for (const { def } of [...(saga.companions ?? []), saga]) await conductor.putWorkflowDef(def);
  return start(saga, input);
}

/** Asks the server until it says what is awaited. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The compensation of a failure after the one that `before` compensated. */
async function nextCompensation(workflowId: string, before: Execution): Promise<Execution> {
  const { status } = await conductor.waitForEnd(workflowId);
  expect(status).toBe('FAILED');
  await until(async () => {
    const { output } = await conductor.getExecution(workflowId, { includeTasks: false });
    const id = output['conductor.failure_workflow'];
    return typeof id === 'string' && id !== before.workflowId ? id : undefined;
  });
  return failureWorkflowOf(conductor, workflowId);
}

const rowsOf = ({ tasks }: Execution, ref: string) =>
  tasks.filter(({ referenceTaskName }) => referenceTaskName === ref);

interface Entry {
  kind: string;
  requests: number;
}

/** How many requests the shop got for each effect of an order. */
async function requestsFor(orderId: string): Promise<Record<string, number>> {
  const response = await fetch(`${inject('shopUrl')}/books?orderId=${orderId}`);
  const { entries } = (await response.json()) as { entries: Entry[] };
  return Object.fromEntries(entries.map(({ kind, requests }) => [kind, requests]));
}

describe.concurrent('an order that failed for good', () => {
  const UNDONE = ['reserved', 'charged', 'refunded', 'released', 'notified'];

  async function failedOrder(orderId: string, attempts = 3) {
    await orderFault({ path: '/shipments', orderId, status: 503, times: attempts });
    const id = await start(orderProcessing, { orderId, sku: 'lamp', amount: 19.9, quantity: 2 });
    const compensation = await failureWorkflowOf(conductor, id);
    expect(compensation, compensation.reasonForIncompletion ?? '').toMatchObject({ status: 'COMPLETED' });
    return { id, compensation };
  }

  test('is not gone on with by a retry, and the second compensation does nothing a second time', async () => {
    const orderId = unique('order');
    const { id, compensation } = await failedOrder(orderId);
    expect(await booksOf(orderId)).toEqual(UNDONE);
    await conductor.retry(id);
    const second = await nextCompensation(id, compensation);
    expect(second).toMatchObject({ status: 'COMPLETED', output: { refunded: true, released: true, notified: true } });
    const refused = rowsOf(await conductor.getExecution(id), 'ship').at(-1);
    expect(refused?.status).toBe('FAILED_WITH_TERMINAL_ERROR');
    expect(refused?.reasonForIncompletion).toContain(`was undone by ${compensation.workflowId}`);
    expect(await booksOf(orderId)).toEqual(UNDONE);
    expect(await requestsFor(orderId)).toEqual({ reserved: 1, charged: 1, refunded: 2, released: 2, notified: 2 });
    const keys = (await requestsTo(`/reservations/${orderId}`)).map(({ idempotencyKey }) => idempotencyKey);
    expect(keys).toEqual([`${id}:undo:release`, `${id}:undo:release`]);
  });

  test('has one attempt undone, however many there were', async () => {
    const orderId = unique('order');
    await orderFault({ path: '/payments', orderId, status: 503, times: 1 });
    const { id } = await failedOrder(orderId);
    expect(rowsOf(await conductor.getExecution(id), 'charge').map(({ status }) => status)).toEqual([
      'FAILED',
      'COMPLETED',
    ]);
    expect(await booksOf(orderId)).toEqual(UNDONE);
  });

  test('has the rest undone where one undo fails; the compensation says which, and a restart finishes it', async () => {
    const orderId = unique('order');
    await orderFault({ path: '/refunds', orderId, status: 503, times: 4 });
    await orderFault({ path: '/shipments', orderId, status: 503 });
    const id = await start(orderProcessing, { orderId, sku: 'lamp', amount: 19.9, quantity: 2 });
    const compensation = await failureWorkflowOf(conductor, id);
    expect(compensation).toMatchObject({
      status: 'FAILED',
      output: { failedWorkflowId: id, refunded: false, released: true, notified: true },
      reasonForIncompletion: expect.stringMatching(/charge is not undone, refund failed: .*503/),
    });
    expect(await booksOf(orderId)).toEqual(['reserved', 'charged', 'released', 'notified']);
    await conductor.restart(compensation.workflowId);
    const again = await conductor.waitForEnd(compensation.workflowId);
    expect(again).toMatchObject({ status: 'COMPLETED', output: { refunded: true, released: true, notified: true } });
    expect(await booksOf(orderId)).toEqual(['reserved', 'charged', 'released', 'notified', 'refunded']);
  });
});

describe.concurrent('a saga', () => {
  const input = z.object({ orderId: z.string(), shopUrl: z.string(), gift: z.boolean().default(false) });

  /** A saga of its own name that runs into `fail`, a WAIT that the test ends. */
  function sagaOf(build: (saga: Saga, orderId: string) => void, timeoutSeconds?: number): Workflow {
    const name = unique('Saga').replace('-', '_');
    const spec = { name, version: 3, description: 'For a test.', input, output: z.object({}) };
    return defineSaga(timeoutSeconds ? { ...spec, timeoutSeconds } : spec).build((saga, { orderId }) => {
      build(saga, `${orderId}`);
      return {};
    });
  }

  const reserve = (saga: Saga, orderId: string) =>
    saga.step(
      'reserve',
      reserveInventory,
      { orderId, sku: 'lamp', quantity: 1 },
      { undo: (undo) => undo.task('release', releaseInventory, { orderId }) },
    );
  const run = async (saga: Workflow, more: Record<string, unknown> = {}) => {
    const orderId = unique('order');
    const id = await startOwn(saga, { orderId, ...more });
    return { orderId, id };
  };
  /** Ends the WAIT `fail`, once it is there, so that the execution fails. */
  async function fail(id: string): Promise<void> {
    const { taskId } = await rowIn(id, 'fail', 'IN_PROGRESS');
    await conductor.updateTask({ workflowInstanceId: id, taskId, status: 'FAILED_WITH_TERMINAL_ERROR' });
  }
  const rowIn = (id: string, ref: string, status: string) =>
    until(async () => rowsOf(await conductor.getExecution(id), ref).find((row) => row.status === status));

  test('undoes the steps of the branches that were taken, requests too', async () => {
    const saga = sagaOf((wf, orderId) => {
      wf.switch('is_gift', wf.jq('gift', giftOf()).output.result, {
        true: (yes) => void reserveIn(wf, yes, orderId),
        false: (no) =>
          void wf.undo(no.wait('never', { signal: z.object({}) }), (undo) => undo.wait('w', { seconds: 1 })),
      });
      const shop = '${workflow.input.shopUrl}';
      const told = wf.http('tell', externalApi, {
        method: 'POST',
        uri: `${shop}/notifications`,
        body: { orderId, said: 'yes' },
        response: z.object({ notificationId: z.string() }),
      });
      wf.undo(told, (undo, done, failed) =>
        undo.http('untell', externalApi, {
          method: 'DELETE',
          uri: `${shop}/cleanup/${orderId}`,
          body: { orderId, was: done.response.body.notificationId, why: failed.failureStatus },
          response: z.unknown(),
        }),
      );
      wf.wait('fail', { signal: z.object({}) });
    });
    const { orderId, id } = await run(saga, { gift: true });
    await fail(id);
    const compensation = await failureWorkflowOf(conductor, id);
    expect(compensation).toMatchObject({
      status: 'COMPLETED',
      workflowVersion: 3,
      output: { failedWorkflowId: id, undone: ['tell', 'reserve'] },
    });
    expect(await booksOf(orderId)).toEqual(['reserved', 'notified', 'cleaned', 'released']);
    const sent = rowsOf(compensation, 'untell')[0]?.inputData.http_request;
    expect(sent).toMatchObject({
      headers: { 'Idempotency-Key': `${id}:undo:untell` },
      body: { was: expect.stringMatching(/^notification-/), why: 'FAILED' },
    });
  });

  const giftOf = () => ({ inputs: { gift: '${workflow.input.gift}' }, query: '.gift', output: z.boolean() });
  const reserveIn = (wf: Saga, branch: Pick<Saga, 'task'>, orderId: string) =>
    wf.undo(branch.task('reserve', reserveInventory, { orderId, sku: 'lamp', quantity: 1 }), (undo) =>
      undo.task('release', releaseInventory, { orderId }),
    );

  test('does not undo an optional step that has failed, and has undone what time ran out for', async () => {
    const saga = sagaOf((wf, orderId) => {
      reserve(wf, orderId);
      wf.step(
        'charge',
        chargePayment,
        { orderId, amount: 5 },
        {
          optional: true,
          undo: (undo, done) => undo.task('refund', refundPayment, { orderId, paymentId: done.paymentId, amount: 5 }),
        },
      );
      wf.wait('fail', { signal: z.object({}) });
    }, 8);
    const orderId = unique('order');
    await orderFault({ path: '/payments', orderId, status: 402 });
    const id = await startOwn(saga, { orderId });
    expect((await conductor.waitForEnd(id)).status).toBe('TIMED_OUT');
    const compensation = await failureWorkflowOf(conductor, id);
    expect(compensation).toMatchObject({ status: 'COMPLETED', output: { undone: ['reserve'] } });
    expect(await booksOf(orderId)).toEqual(['reserved', 'declined', 'released']);
  });

  test.each([
    ['report', 'FAILED', []],
    ['undo', 'COMPLETED', ['reserve']],
  ] as const)(
    'a step that was under way when another branch failed is in doubt: %s',
    async (whenInDoubt, status, undone) => {
      const saga = sagaOf((wf, orderId) => {
        wf.fork('both', {
          one: (branch) =>
            wf.undo(
              branch.task('reserve', reserveInventory, { orderId, sku: 'lamp', quantity: 1 }),
              (undo) => undo.task('release', releaseInventory, { orderId }),
              { whenInDoubt },
            ),
          other: (branch) => branch.wait('fail', { signal: z.object({}) }),
        });
      });
      const orderId = unique('order');
      await orderFault({ path: '/reservations', method: 'POST', orderId, delayMs: 600_000 });
      const id = await startOwn(saga, { orderId });
      await rowIn(id, 'reserve', 'IN_PROGRESS');
      await fail(id);
      const compensation = await failureWorkflowOf(conductor, id);
      expect(compensation.status).toBe(status);
      expect(rowsOf(compensation, 'what_was_undone')[0]?.outputData.result).toMatchObject({ undone });
      if (whenInDoubt === 'report') expect(compensation.reasonForIncompletion).toContain('reserve may have happened');
      else expect(await requestsTo(`/reservations/${orderId}`)).toMatchObject([{ method: 'DELETE', status: 200 }]);
    },
  );

  test('does not undo a step that somebody skipped', async () => {
    const saga = sagaOf((wf, orderId) => {
      wf.wait('before', { signal: z.object({}) });
      reserve(wf, orderId);
      wf.wait('fail', { signal: z.object({}) });
    });
    const { orderId, id } = await run(saga);
    const { taskId } = await rowIn(id, 'before', 'IN_PROGRESS');
    const skipped = await fetch(`${inject('conductorServerUrl')}/workflow/${id}/skiptask/reserve`, { method: 'PUT' });
    expect(skipped.status).toBe(200);
    await conductor.updateTask({ workflowInstanceId: id, taskId, status: 'COMPLETED' });
    await fail(id);
    expect(await failureWorkflowOf(conductor, id)).toMatchObject({ status: 'COMPLETED', output: { undone: [] } });
    expect(await booksOf(orderId)).toEqual([]);
  });

  test('that somebody terminates is not undone', async () => {
    const saga = sagaOf((wf, orderId) => {
      reserve(wf, orderId);
      wf.wait('fail', { signal: z.object({}) });
    });
    const { orderId, id } = await run(saga);
    await rowIn(id, 'fail', 'IN_PROGRESS');
    await conductor.terminate(id, 'by hand');
    const { output } = await conductor.waitForEnd(id);
    expect(output).not.toHaveProperty('conductor.failure_workflow');
    expect(await booksOf(orderId)).toEqual(['reserved']);
  });
});
