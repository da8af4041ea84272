import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Random } from './random.ts';

/** One charge, and the requests that arrived for its idempotency key. */
export interface Charge {
  readonly id: number;
  requests: number;
  /** Requests that claimed to be the first for the key. */
  firsts: number;
  /** Requests under way. */
  open: number;
  mostOpen: number;
}

/** Longest time that the service takes for a request. */
const MOST_WORK_MS = 200;
/** Share of the requests that the service carries out but does not answer. */
const LOST_ANSWERS = 0.02;

/** A slow payment service with idempotency keys. It sometimes loses an answer. The run never kills it. */
export class Service {
  readonly charges = new Map<string, Charge>();
  readonly #random: Random;
  readonly #server: Server;

  private constructor(seed: number) {
    this.#random = new Random(seed);
    this.#server = createServer((request, response) => {
      const key = String(request.headers['idempotency-key']);
      const charge = this.charges.get(key) ?? {
        id: this.charges.size + 1,
        requests: 0,
        firsts: 0,
        open: 0,
        mostOpen: 0,
      };
      this.charges.set(key, charge);
      charge.requests++;
      if (request.headers['x-again'] === 'false') charge.firsts++;
      charge.mostOpen = Math.max(charge.mostOpen, ++charge.open);
      response.on('close', () => charge.open--); // also runs if the caller is killed
      setTimeout(
        () => {
          if (this.#random.chance(LOST_ANSWERS)) response.destroy();
          else
            response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ charge: charge.id }));
        },
        this.#random.between(5, MOST_WORK_MS),
      );
    });
  }

  static async start(seed: number): Promise<Service> {
    const service = new Service(seed);
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
