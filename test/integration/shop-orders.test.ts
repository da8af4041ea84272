import { describe, expect, test } from 'vitest';
import { happened, keyed, order, send } from '../support/shop.ts';

describe('the order services', () => {
  test('after an order is undone, the books contain one entry for each event', async () => {
    const orderId = 'undone';
    await send('POST', '/reservations', { orderId, sku: 'lamp', quantity: 3 });
    expect((await send('GET', '/inventory/lamp')).body).toEqual({ sku: 'lamp', available: 997 });
    const { paymentId } = (await send('POST', '/payments', { orderId, amount: 20 })).body;
    const refund = { orderId, paymentId, amount: 20 };
    expect(await send('POST', '/refunds', refund)).toMatchObject({ status: 201, body: { alreadyRefunded: false } });
    expect(await send('POST', '/refunds', refund)).toMatchObject({ status: 200, body: { alreadyRefunded: true } });
    const release = () => send('DELETE', `/reservations/${orderId}`);
    expect((await release()).body).toEqual({ orderId, released: 3, alreadyReleased: false });
    expect((await release()).body).toEqual({ orderId, released: 0, alreadyReleased: true });
    expect((await send('GET', '/inventory/lamp')).body.available).toBe(1000);
    expect(await send('POST', '/notifications', { orderId, text: 'sorry' })).toMatchObject({ status: 202 });
    expect(await happened(orderId)).toEqual([
      ['reserved', 1],
      ['charged', 1],
      ['refunded', 2],
      ['released', 2],
      ['notified', 1],
    ]);
  });

  test('the release of an order without a reservation succeeds and adds no entry', async () => {
    expect((await send('DELETE', '/reservations/never')).body).toMatchObject({ released: 0, alreadyReleased: false });
    expect(await happened('never')).toEqual([]);
  });

  test('the shop refuses a sold-out product and an unknown payment with a reason', async () => {
    const soldOut = await send('POST', '/reservations', { orderId: 'o', sku: 'sold-out-lamp', quantity: 1 });
    expect(soldOut).toMatchObject({ status: 409, body: { error: 'out-of-stock' } });
    const unknown = await send('POST', '/refunds', { orderId: 'o', paymentId: 'p', amount: 1 });
    expect(unknown).toMatchObject({ status: 404, body: { error: 'unknown-payment' } });
    const { paymentId } = (await send('POST', '/payments', { orderId: 'small', amount: 5 })).body;
    expect((await send('POST', '/refunds', { orderId: 'small', paymentId, amount: 6 })).status).toBe(409);
  });

  test('the books record a notification without an order under its execution, and a clean-up under its own id', async () => {
    await send('POST', '/notifications', { workflowId: 'wf-1', reason: 'failed' });
    await send('DELETE', '/cleanup/wf-1');
    expect((await send('DELETE', '/cleanup/wf-1')).body).toMatchObject({ cleaned: true, alreadyCleaned: true });
    expect(await happened('wf-1')).toEqual([
      ['notified', 1],
      ['cleaned', 2],
    ]);
    expect((await send('GET', '/cleanup')).body.cleaned).toContainEqual(expect.objectContaining({ id: 'wf-1' }));
  });
});

describe('idempotency keys', () => {
  test('without an idempotency key, every request charges the card again', async () => {
    await send('POST', '/payments', { orderId: 'twice', amount: 1 });
    await send('POST', '/payments', { orderId: 'twice', amount: 1 });
    expect(await happened('twice')).toHaveLength(2);
  });

  test('requests with the same idempotency key have one effect and get the same answer, even at the same time', async () => {
    const pay = () => send('POST', '/payments', { orderId: 'once', amount: 1 }, keyed('k-once'));
    const answers = await Promise.all([pay(), pay(), pay()]);
    expect(new Set(answers.map(({ body }) => body.paymentId)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(2);
    expect(await happened('once')).toEqual([['charged', 3]]);
  });

  test('a repeated request with the same idempotency key gets the same refusal', async () => {
    const reserve = () => send('POST', '/reservations', { orderId: 'r', sku: 'sold-out-x', quantity: 1 }, keyed('k-r'));
    await reserve();
    const second = await reserve();
    expect([second.status, second.headers.get('idempotency-replayed')]).toEqual([409, 'true']);
  });

  test('the shop refuses an idempotency key that a different request has used', async () => {
    await send('POST', '/payments', { orderId: 'reused', amount: 1 }, keyed('k-reused'));
    const other = await send('POST', '/payments', { orderId: 'reused', amount: 2 }, keyed('k-reused'));
    expect(other).toMatchObject({ status: 422, body: { error: 'key-reused' } });
  });
});

describe('faults', () => {
  test('with a fault for two requests, the shop answers 503 twice and then 200, and the books count each request', async () => {
    await order({ path: '/flaky/a', status: 503, times: 2 });
    for (const status of [503, 503, 200]) expect((await send('GET', '/flaky/a')).status).toBe(status);
    const requests = (await send('GET', '/books/requests?path=/flaky/a')).body.requests as {
      at: number;
      status: number;
    }[];
    expect(requests.map(({ status }) => status)).toEqual([503, 503, 200]);
    expect(requests.every(({ at }) => Math.abs(Date.now() - at) < 10_000)).toBe(true);
  });

  test('with a permanent fault, the shop answers 404 with a body until the fault is removed', async () => {
    const { body } = await order({ path: '/flaky/b', method: 'GET', status: 404, body: { gone: true } });
    expect(await send('GET', '/flaky/b')).toMatchObject({ status: 404, body: { gone: true } });
    expect((await send('POST', '/flaky/b')).status).toBe(200);
    await send('DELETE', `/faults/${body.id}`);
    expect((await send('GET', '/flaky/b')).status).toBe(200);
    expect((await send('DELETE', `/faults/${body.id}`)).status).toBe(404);
  });

  test('with a delay as the fault, the answer arrives late', async () => {
    await order({ path: '/flaky/slow', delayMs: 300, times: 1 });
    const start = performance.now();
    expect((await send('GET', '/flaky/slow')).status).toBe(200);
    expect(performance.now() - start).toBeGreaterThan(280);
  });

  test('a dropped connection has no answer and no effect', async () => {
    await order({ path: '/shipments', orderId: 'dropped', drop: true, times: 1 });
    const ship = () => send('POST', '/shipments', { orderId: 'dropped', sku: 'lamp', quantity: 1 }, keyed('k-drop'));
    await expect(ship()).rejects.toThrow('fetch failed');
    expect((await ship()).status).toBe(201);
    expect(await happened('dropped')).toEqual([['shipped', 1]]);
    const { requests } = (await send('GET', '/books/requests?path=/shipments&orderId=dropped')).body;
    expect(requests).toMatchObject([{ status: null }, { status: 201, idempotencyKey: 'k-drop' }]);
  });

  test('a fault of one order does not affect other orders, and its answer is not stored for the idempotency key', async () => {
    await order({ path: '/payments', orderId: 'poor', status: 402, times: 2 });
    const pay = (orderId: string) => send('POST', '/payments', { orderId, amount: 9 }, keyed(`k-${orderId}`));
    expect(await pay('poor')).toMatchObject({ status: 402, body: { error: 'declined' } });
    expect((await pay('rich')).status).toBe(201);
    expect((await pay('poor')).status).toBe(402);
    expect(await happened('poor')).toEqual([['declined', 2]]);
    expect((await pay('poor')).status).toBe(201);
  });

  test('a fault on a path also affects longer paths, which contain the order id', async () => {
    await order({ path: '/reservations', orderId: 'below', status: 500, times: 1 });
    expect((await send('DELETE', '/reservations/below')).status).toBe(500);
    expect((await send('GET', '/faults')).body.faults).toContainEqual(
      expect.objectContaining({ orderId: 'below', met: 1, remaining: 0 }),
    );
  });

  test.each([
    ['a fault with a misspelt field', { path: '/flaky/x', status: 503, time: 2 }, 'time'],
    ['a fault without an effect', { path: '/flaky/x' }, 'needs a status'],
    ['a fault on an unknown path', { path: '/paymets', status: 503 }, '/paymets'],
    ['a fault on a path that controls the shop', { path: '/books', status: 503 }, '/books'],
  ])('the shop refuses %s', async (_what, fault, sentence) => {
    const { status, body } = await order(fault);
    expect([status, body.message]).toEqual([400, expect.stringContaining(sentence)]);
  });
});

describe('bad requests', () => {
  test.each([
    ['POST', '/reservations', { orderId: 'o', sku: 'lamp' }, 400, 'quantity'],
    ['POST', '/reservations', { orderId: 'o', sku: 'lamp', quantity: 1.5 }, 400, 'quantity'],
    ['POST', '/payments', '{"orderId":', 400, 'not JSON'],
    ['POST', '/payments', ['o'], 400, 'expected object'],
    ['POST', '/payments', undefined, 400, 'orderId'],
    ['GET', '/weather', undefined, 400, 'city'],
    ['GET', '/search?q=', undefined, 400, 'q'],
    ['GET', '/echo/status/abc', undefined, 400, 'code'],
    ['GET', '/inventory/%E0%A4%A', undefined, 400, 'percent-encoded'],
    ['GET', '/nowhere', undefined, 404, 'GET / lists'],
    ['DELETE', '/payments', undefined, 405, 'takes POST'],
    ['POST', '/notifications', { text: 'x'.repeat(5_000_000) }, 413, '4 MB'],
  ])(
    'for the bad request %s %s, the answer contains a clear sentence',
    async (method, path, body, status, sentence) => {
      const answer = await send(method, path, body);
      expect([answer.status, answer.body.message]).toEqual([status, expect.stringContaining(sentence)]);
    },
  );
});
