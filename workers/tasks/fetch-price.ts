import { defineTask, z } from 'conductor-fleet';
import { callShop } from '../shared/call-shop.ts';

const quote = z.object({ symbol: z.string(), previousClose: z.number().positive(), price: z.number().nonnegative() });

export default defineTask({
  name: 'fetch_price',
  description:
    'Gets the current price and the last closing price of a share. An unlisted share fails without a retry; an outage is retried.',
  input: z.object({ symbol: z.string().trim().min(1).max(40) }),
  output: quote,
  timeoutSeconds: 30,
  responseTimeoutSeconds: 30,
}).worker(({ symbol }, context) =>
  callShop(context, { method: 'GET', path: `/prices/${encodeURIComponent(symbol)}`, answer: quote }),
);
