import { isIP } from 'node:net';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { aborted } from '../../core/pause.ts';
import { isShop } from '../../examples/shop/services/health.ts';
import { type Shop, startShop } from '../../examples/shop/start-shop.ts';
import { defineCommand } from '../define-command.ts';

/** Serves the demonstration shop until Ctrl-C. */
export default defineCommand({
  groups: ['content'],
  async run({ config, log, signal, print, note }) {
    const { host, port } = whereToListen(config.shopUrl);
    let shop: Shop;
    try {
      shop = await startShop({ host, port, log });
    } catch (error) {
      if (!(await isShop(new URL(config.shopUrl).origin))) throw error;
      print(`Another process has already opened the shop at ${config.shopUrl}.`);
      note(`Use that shop, or open one on a free port: ${fleetCommand} demo --shop-url http://127.0.0.1:8091`);
      return;
    }
    print(describe(shop.url));
    note('Ctrl-C closes it.');
    await aborted(signal);
    await shop.close();
    note('Closed.');
  },
});

/** The shop opens at the configured SHOP_URL, which must be an address of this machine. */
function whereToListen(shopUrl: string): { host: string; port: number } {
  const { protocol, hostname, port, pathname } = new URL(shopUrl);
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/^\[|\]$/g, '');
  if (protocol !== 'http:' || isIP(host) === 0 || pathname !== '/') {
    throw new FleetError(
      'config',
      `The shop cannot open at "${shopUrl}". The URL must be http, with an IP address or localhost, and without a path.`,
      {
        remedy: 'Give --shop-url an http address of this machine, e.g. "http://127.0.0.1:8090".',
      },
    );
  }
  return { host, port: port === '' ? 80 : Number(port) };
}

function describe(url: string): string {
  const post = (path: string, body: string) =>
    `  curl -X POST ${url}${path} -H 'content-type: application/json' -d '${body}'`;
  return [
    `The shop is open at ${url}. List its endpoints:`,
    `  curl ${url}/`,
    'Make a reservation, then find it in the books of the shop:',
    post('/reservations', '{"orderId":"o1","sku":"lamp","quantity":2}'),
    `  curl '${url}/books?orderId=o1'`,
    'Order three faults. Shipping fails for one order, a payment is declined, and a request fails twice before it succeeds:',
    post('/faults', '{"path":"/shipments","orderId":"o1","status":503}'),
    post('/faults', '{"path":"/payments","orderId":"o2","status":402}'),
    post('/faults', '{"path":"/flaky/x","status":503,"times":2}'),
    'Set a price, and let two requests for the weather of one city fail:',
    post('/prices/STONKS', '{"previousClose":100,"price":106}'),
    post('/faults', '{"path":"/weather","fields":{"city":"Oslo"},"status":503,"times":2}'),
  ].join('\n');
}
