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
 * - `cut`        connections are reset, at once and as long as it lasts
 * - `black-hole` nothing comes through, and nobody is told; what was under way arrives late, when it is over
 * - `reset`      every connection is reset after a short while, in the middle of whatever it carries
 * - `delay`      everything takes up to 1.5 s longer in each direction
 * - `truncate`   half of the answers end in the middle, and their connections with them
 * - `forget`     every connection is forgotten, also those that begin meanwhile: nothing comes through on it any more, not even its end
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

  /** Begins a fault in place of the last one; `heal` with what this returns ends it. */
  disturb(mode: NetworkFault): number {
    this.#change(mode);
    return ++this.#turn;
  }

  /** Ends the fault of that turn, unless another one has taken its place. */
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

  /** What a fault does to a connection as such. */
  #meet(link: Link): void {
    if (this.#mode === 'cut') link.reset();
    if (this.#mode === 'forget') link.forget();
    if (this.#mode === 'reset') {
      const timer = setTimeout(() => this.#mode === 'reset' && link.reset(), this.#random.next() * RESET_WITHIN_MS);
      link.ended.then(() => clearTimeout(timer));
    }
  }

  /** What comes out of the other end, and when. With `answers`, bytes of the server that may be cut short. */
  async #pass(bytes: Buffer, answers?: Link): Promise<Buffer> {
    while (this.#mode === 'black-hole') await this.#changed.promise;
    if (this.#mode === 'delay') await pause(this.#random.between(DELAY_MS.least, DELAY_MS.most));
    if (this.#mode !== 'truncate' || !answers || this.#random.chance(0.5)) return bytes;
    answers.endSoon();
    return bytes.subarray(0, this.#random.between(0, bytes.length - 1));
  }
}

type Through = (bytes: Buffer) => Promise<Buffer>;

/** Two sockets joined to one connection. Each direction keeps its order, whatever each piece meets on the way. */
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
      socket.on('error', () => {}); // the other side learns of it by the close that follows
    }
    this.ended = Promise.race([
      this.#flow(client, upstream, through.up).then(() => upstream.end()),
      this.#flow(upstream, client, through.down).then(() => !this.#isForgotten && client.end()),
    ]);
    upstream.on('close', (hadError) => {
      if (hadError && !this.#isForgotten) client.resetAndDestroy(); // the server is not there
    });
  }

  reset(): void {
    for (const socket of [this.#client, this.#upstream]) socket.resetAndDestroy();
  }

  /** As a router does that lost its tables. */
  forget(): void {
    this.#isForgotten = true;
  }

  /** The piece under way is the last one. */
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
