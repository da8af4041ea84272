import { describe, expect, inject, test } from 'vitest';
import type { Execution } from '../../core/conductor/types.ts';
import orderProcessing from '../../workflows/definitions/order-processing.ts';
import { booksOf, failureWorkflowOf, orderFault, realConductor, requestsTo, unique } from '../support/product.ts';
import { rowsOf, start, until } from '../support/sagas.ts';

const conductor = realConductor();

/** Waits until the workflow has failed again after the compensation `before`, and returns the new compensation. */
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

interface Entry {
  kind: string;
  requests: number;
}

/** Returns how many requests the shop received for each effect of an order. */
async function requestsFor(orderId: string): Promise<Record<string, number>> {
  const response = await fetch(`${inject('shopUrl')}/books?orderId=${orderId}`);
  const { entries } = (await response.json()) as { entries: Entry[] };
  return Object.fromEntries(entries.map(({ kind, requests }) => [kind, requests]));
}

describe.concurrent('an order that failed', () => {
  const UNDONE = ['reserved', 'charged', 'refunded', 'released', 'notified'];

  async function failedOrder(orderId: string, attempts = 3) {
    await orderFault({ path: '/shipments', orderId, status: 503, times: attempts });
    const id = await start(orderProcessing, { orderId, sku: 'lamp', amount: 19.9, quantity: 2 });
    const compensation = await failureWorkflowOf(conductor, id);
    expect(compensation, compensation.reasonForIncompletion ?? '').toMatchObject({ status: 'COMPLETED' });
    return { id, compensation };
  }

  test('a retried order does not continue, and its second compensation repeats no effect', async () => {
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

  test('the compensation undoes a step once, even if the step needed several attempts', async () => {
    const orderId = unique('order');
    await orderFault({ path: '/payments', orderId, status: 503, times: 1 });
    const { id } = await failedOrder(orderId);
    expect(rowsOf(await conductor.getExecution(id), 'charge').map(({ status }) => status)).toEqual([
      'FAILED',
      'COMPLETED',
    ]);
    expect(await booksOf(orderId)).toEqual(UNDONE);
  });

  test('if one undo fails, the compensation undoes the other steps and names the failed one; a restart completes it', async () => {
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
