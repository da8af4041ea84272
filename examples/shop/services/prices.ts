import { z } from 'zod';
import { type Endpoint, endpoint, Problem } from '../engine/endpoint.ts';

/** The price of a share now and at the last close of the market. */
interface Price {
  symbol: string;
  previousClose: number;
  price: number;
}

const symbol = z.string().trim().min(1).max(40);

/** The stock exchange. Prices change only by `POST /prices/:symbol`. */
export function priceEndpoints(): Endpoint[] {
  const prices = new Map<string, Price>([
    ['STONKS', { symbol: 'STONKS', previousClose: 420, price: 445.2 }],
    ['TEAPOT', { symbol: 'TEAPOT', previousClose: 40, price: 40.8 }],
    ['LAMP', { symbol: 'LAMP', previousClose: 19.9, price: 18.11 }],
  ]);

  return [
    endpoint({
      method: 'GET',
      path: '/prices/:symbol',
      summary: 'the price of a share, now and at the last close; 404 if it is not listed',
      kind: 'read',
      input: z.object({ symbol }),
      handle(wanted) {
        const price = prices.get(wanted.symbol);
        if (!price) throw new Problem(404, 'unknown-symbol', `No share is listed as "${wanted.symbol}".`);
        return { status: 200, body: price };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/prices/:symbol',
      summary: 'list a share, or set its price: {previousClose, price}',
      kind: 'control',
      input: z.object({ symbol, previousClose: z.number().positive(), price: z.number().nonnegative() }),
      handle(price) {
        prices.set(price.symbol, price);
        return { status: 200, body: price };
      },
    }),
  ];
}
