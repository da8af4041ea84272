import { afterAll, beforeAll } from 'vitest';
import { type Shop, startShop } from '../../examples/shop/start-shop.ts';

/** A shop that runs during the tests of the file that imports it. */
export let shop: Shop;
beforeAll(async () => {
  shop = await startShop();
});
afterAll(() => shop.close());

interface Answered {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** Sends a request to the shop and returns its JSON answer. */
export async function send(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(`${shop.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? {} : JSON.parse(text) };
}

/** Tells the shop to fail some requests. */
export const order = (fault: object) => send('POST', '/faults', fault);
export const keyed = (key: string) => ({ 'idempotency-key': key });

/** Returns the entries in the shop's books for an order, as `[kind, requests]`. */
export async function happened(orderId: string): Promise<[string, number][]> {
  const { body } = await send('GET', `/books?orderId=${encodeURIComponent(orderId)}`);
  return (body.entries as { kind: string; requests: number }[]).map(({ kind, requests }) => [kind, requests]);
}
