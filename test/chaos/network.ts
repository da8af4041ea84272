import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { NetworkFault } from './plan-schedule.ts';
import type { Random } from './random.ts';

type Mode = NetworkFault | 'none';

const DELAY_MS = { least: 200, most: 1_500 };
const RESET_WITHIN_MS = 800;

/**
 * The network between one worker and the server, as a TCP proxy on loopback that can be made to fail:
 * - `cut`        connections are reset at once, and so are new ones while the fault lasts
 * - `black-hole` no data gets through and no error is reported; data under way arrives when the fault is over
 * - `reset`      every connection is reset after a short while, in the middle of its data
 * - `delay`      data takes up to 1.5 s longer in each direction
 * - `truncate`   half of the answers end in the middle, and their connections with them
 * - `forget`     connections, including new ones, pass no more data, and neither side learns when the other closes
 */
export class Network {
  readonly #server: Server;
  readonly #upstreamPort: number;
  readonly #random: Random;
  readonly #links = new Set<Link>();
  #mode: Mode = 'none';
  #turn = 0;
  #changed = Promise.withResolvers<void>();

  private constructor(upstreamPort: number, random: Random) {
    this.#upstreamPort = upstreamPort;
    this.#random = random;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(upstreamPort: number, random: Random): Promise<Network> {
    const network = new Network(upstreamPort, random);
    await new Promise<void>((resolve) => network.#server.listen(0, '127.0.0.1', resolve));
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins a fault, which replaces the last one. `heal` with the returned number ends it. */
  disturb(mode: NetworkFault): number {
    this.#change(mode);
    return ++this.#turn;
  }

  /** Ends the fault with that number, unless another fault has replaced it. */
  heal(turn: number): void {
    if (turn === this.#turn) this.#change('none');
  }

  #change(mode: Mode): void {
    this.#mode = mode;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    for (const link of this.#links) this.#meet(link);
  }

  close(): void {
    this.disturb('cut');
    this.#server.close();
  }

  #accept(client: Socket): void {
    const upstream = connect(this.#upstreamPort, '127.0.0.1');
    const link = new Link(client, upstream, {
      up: (bytes) => this.#pass(bytes),
      down: (bytes) => this.#pass(bytes, link),
    });
    this.#links.add(link);
    link.ended.then(() => this.#links.delete(link));
    this.#meet(link);
  }

  /** Applies the fault to a whole connection. */
  #meet(link: Link): void {
    if (this.#mode === 'cut') link.reset();
    if (this.#mode === 'forget') link.forget();
    if (this.#mode === 'reset') {
      const timer = setTimeout(() => this.#mode === 'reset' && link.reset(), this.#random.next() * RESET_WITHIN_MS);
      link.ended.then(() => clearTimeout(timer));
    }
  }

  /** Delays or truncates bytes, as the fault demands. `answers` is set for bytes of the server: only those may be truncated. */
  async #pass(bytes: Buffer, answers?: Link): Promise<Buffer> {
    while (this.#mode === 'black-hole') await this.#changed.promise;
    if (this.#mode === 'delay') await pause(this.#random.between(DELAY_MS.least, DELAY_MS.most));
    if (this.#mode !== 'truncate' || !answers || this.#random.chance(0.5)) return bytes;
    answers.endSoon();
    return bytes.subarray(0, this.#random.between(0, bytes.length - 1));
  }
}

type Through = (bytes: Buffer) => Promise<Buffer>;

/** Two sockets joined to one connection. Each direction keeps its order, even if its pieces are delayed differently. */
class Link {
  readonly ended: Promise<unknown>;
  readonly #client: Socket;
  readonly #upstream: Socket;
  #isEnding = false;
  #isForgotten = false;

  constructor(client: Socket, upstream: Socket, through: { up: Through; down: Through }) {
    this.#client = client;
    this.#upstream = upstream;
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true);
      socket.on('error', () => {}); // a close event follows, which also ends the other side
    }
    this.ended = Promise.race([
      this.#flow(client, upstream, through.up).then(() => upstream.end()),
      this.#flow(upstream, client, through.down).then(() => !this.#isForgotten && client.end()),
    ]);
    upstream.on('close', (hadError) => {
      if (hadError && !this.#isForgotten) client.resetAndDestroy(); // the server is down
    });
  }

  reset(): void {
    for (const socket of [this.#client, this.#upstream]) socket.resetAndDestroy();
  }

  /** Stops passing data in both directions, as a router does that has lost its tables. */
  forget(): void {
    this.#isForgotten = true;
  }

  /** Ends the connection once the bytes being sent have passed. */
  endSoon(): void {
    this.#isEnding = true;
  }

  async #flow(from: Socket, to: Socket, through: Through): Promise<void> {
    let last = Promise.resolve();
    const ended = new Promise((resolve) => from.on('close', resolve));
    from.on('data', (bytes: Buffer) => {
      last = last.then(async () => {
        if (this.#isEnding) return;
        const passed = await through(bytes);
        if (this.#isForgotten) return;
        to.write(passed);
        if (this.#isEnding) this.#close();
      });
    });
    await ended;
    await last;
  }

  #close(): void {
    this.#client.end(() => this.#client.destroy());
    this.#upstream.destroy();
  }
}
