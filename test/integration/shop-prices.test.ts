import { describe, expect, test } from 'vitest';
import { order, send } from '../support/shop.ts';

describe('prices', () => {
  test('a share has a current price and a closing price, and a request can set both', async () => {
    expect((await send('GET', '/prices/STONKS')).body).toEqual({ symbol: 'STONKS', previousClose: 420, price: 445.2 });
    await send('POST', '/prices/mine', { previousClose: 0.6, price: 0.63 });
    expect((await send('GET', '/prices/mine')).body).toEqual({ symbol: 'mine', previousClose: 0.6, price: 0.63 });
  });

  test('the shop refuses an unlisted share and an invalid price', async () => {
    expect(await send('GET', '/prices/none')).toMatchObject({ status: 404, body: { error: 'unknown-symbol' } });
    expect((await send('POST', '/prices/none', { previousClose: 0, price: 1 })).status).toBe(400);
    expect((await send('GET', '/prices/none')).status).toBe(404);
  });

  test('a request can set a price even while a fault is active', async () => {
    await order({ path: '/prices/down', status: 503 });
    expect((await send('POST', '/prices/down', { previousClose: 1, price: 1 })).status).toBe(200);
    expect((await send('GET', '/prices/down')).status).toBe(503);
  });
});

describe('weather', () => {
  test('a city named Nowhere has no weather', async () => {
    expect(await send('GET', '/weather?city=Nowhere')).toMatchObject({ status: 404, body: { error: 'unknown-city' } });
  });

  test('the name of a city may contain any character', async () => {
    const city = 'São Tomé & Príncipe #1/2?x=y%20';
    expect((await send('GET', `/weather?${new URLSearchParams({ city })}`)).body.city).toBe(city);
  });
});

describe('faults for some requests only', () => {
  test('a fault with fields affects only requests with the same fields, and the books record the queries', async () => {
    await order({ path: '/weather', fields: { city: 'Oslo' }, times: 1, status: 503 });
    expect((await send('GET', '/weather?city=Rome')).status).toBe(200);
    expect((await send('GET', '/weather?city=Oslo')).status).toBe(503);
    expect((await send('GET', '/weather?city=Oslo')).status).toBe(200);
    const { requests } = (await send('GET', '/books/requests?path=/weather')).body as { requests: object[] };
    expect(requests).toEqual(expect.arrayContaining([expect.objectContaining({ query: { city: 'Rome' } })]));
  });

  test('a fault also compares its fields with the body of a request', async () => {
    await order({ path: '/flaky/x', fields: { kind: 'a' }, status: 418 });
    expect((await send('POST', '/flaky/x', { kind: 'a' })).status).toBe(418);
    expect((await send('POST', '/flaky/x', { kind: 'b' })).status).toBe(200);
  });
});
