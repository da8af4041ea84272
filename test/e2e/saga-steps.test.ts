import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Workflow } from '../../core/contract.ts';
import chargePayment from '../../workers/tasks/charge-payment.ts';
import refundPayment from '../../workers/tasks/refund-payment.ts';
import releaseInventory from '../../workers/tasks/release-inventory.ts';
import reserveInventory from '../../workers/tasks/reserve-inventory.ts';
import { defineSaga, type Saga } from '../../workflows/dsl/define-saga.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { booksOf, failureWorkflowOf, orderFault, realConductor, requestsTo, unique } from '../support/product.ts';
import { fail, put, rowIn, rowsOf, startOwn, until } from '../support/sagas.ts';

const conductor = realConductor();

describe.concurrent('a saga', () => {
  const input = z.object({ orderId: z.string(), shopUrl: z.string(), gift: z.boolean().default(false) });

  /** Defines a saga with a unique name. To make the execution fail, a test ends the WAIT `fail`. */
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
  test('the compensation undoes only steps of chosen branches, both requests and tasks', async () => {
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

  test('the compensation of a saga that timed out does not undo an optional step that failed', async () => {
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
    'with whenInDoubt "%s", a step that was running when another branch failed is reported or undone',
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

  test('the compensation does not undo a skipped step', async () => {
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

  test('a failed sub-workflow is undone by its own compensation, and a completed one by the undo of the outer saga', async () => {
    const fails = (wf: Saga) => void wf.wait('fail', { signal: z.object({}) });
    const inner = sagaOf((wf, orderId) => {
      reserve(wf, orderId);
      fails(wf);
    });
    const outer = sagaOf((wf, orderId) => {
      const shopUrl = '${workflow.input.shopUrl}';
      const done = wf.subWorkflow('inner', inner, { orderId, shopUrl });
      wf.undo(done, (undo) => undo.task('release', releaseInventory, { orderId }));
      fails(wf);
    });
    await put(inner);
    const [early, late] = [await run(outer), await run(outer)];
    const innerOf = async ({ id }: { id: string }) =>
      until(async () => rowsOf(await conductor.getExecution(id), 'inner')[0]?.subWorkflowId ?? undefined);
    const lost = await innerOf(early);
    await fail(lost);
    expect(await failureWorkflowOf(conductor, lost)).toMatchObject({ output: { undone: ['reserve'] } });
    expect(await failureWorkflowOf(conductor, early.id)).toMatchObject({ output: { undone: [] } });
    expect(await booksOf(early.orderId)).toEqual(['reserved', 'released']);
    const kept = await innerOf(late);
    const { taskId } = await rowIn(kept, 'fail', 'IN_PROGRESS');
    await conductor.updateTask({ workflowInstanceId: kept, taskId, status: 'COMPLETED' });
    await fail(late.id);
    expect(await failureWorkflowOf(conductor, late.id)).toMatchObject({ output: { undone: ['inner'] } });
    expect(await booksOf(late.orderId)).toEqual(['reserved', 'released']);
  });

  test('a terminated saga is not undone', async () => {
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
