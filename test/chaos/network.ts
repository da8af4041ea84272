import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { NetworkFault } from './plan-schedule.ts';
import type { Random } from './random.ts';

type Mode = NetworkFault | 'none';

const DELAY_MS = { least: 200, most: 1_500 };
const RESET_WITHIN_MS = 800;

/**
 * The network between one worker and the server: a TCP proxy on loopback. It can produce these faults:
 * - `cut`        resets open connections at once, and new ones while the fault lasts
 * - `black-hole` holds all data back without an error, and delivers it when the fault is over
 * - `reset`      resets every connection after a short while, in the middle of its data
 * - `delay`      delays data by 0.2 to 1.5 s in each direction
 * - `truncate`   cuts about half of the answers in the middle, and ends their connections
 * - `forget`     lets open and new connections pass no data, and hides from each side that the other closed
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

  /** Begins a fault and replaces the current one. To end it, call `heal` with the returned number. */
  disturb(mode: NetworkFault): number {
    this.#change(mode);
    return ++this.#turn;
  }

  /** Ends the fault with this number, unless another fault has replaced it. */
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

  /** Applies the current fault to a connection. */
  #meet(link: Link): void {
    if (this.#mode === 'cut') link.reset();
    if (this.#mode === 'forget') link.forget();
    if (this.#mode === 'reset') {
      const timer = setTimeout(() => this.#mode === 'reset' && link.reset(), this.#random.next() * RESET_WITHIN_MS);
      link.ended.then(() => clearTimeout(timer));
    }
  }

  /**
   * Holds back, delays or truncates bytes, depending on the fault. `answers` is set for bytes from the server; only those are
   * truncated.
   */
  async #pass(bytes: Buffer, answers?: Link): Promise<Buffer> {
    while (this.#mode === 'black-hole') await this.#changed.promise;
    if (this.#mode === 'delay') await pause(this.#random.between(DELAY_MS.least, DELAY_MS.most));
    if (this.#mode !== 'truncate' || !answers || this.#random.chance(0.5)) return bytes;
    answers.endSoon();
    return bytes.subarray(0, this.#random.between(0, bytes.length - 1));
  }
}

type Through = (bytes: Buffer) => Promise<Buffer>;

/** Joins two sockets to one connection. Each direction keeps the order of its bytes, even if some are delayed longer than others. */
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

  /** Stops passing data in both directions, as if a router had lost its connection tables. */
  forget(): void {
    this.#isForgotten = true;
  }

  /** Ends the connection after the bytes that are being sent now. */
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
