import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from '../../../core/log.ts';

const REPORT_EVERY_MS = 60_000;

/**
 * The open connections of an HTTP server. Above the limit, a new connection closes the one that has been waiting longest. A connection
 * waits while it has no whole request: it is new, its headers or its body have not arrived, or its last answer has been sent. If all
 * connections are at work, the new one is closed. So clients that only hold connections keep no other client out.
 */
export class OpenConnections {
  readonly #most: number;
  readonly #log: Logger;
  /** The connections that wait, longest first. */
  readonly #waiting = new Set<Socket>();
  readonly #atWork = new Map<Socket, number>();
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(most: number, log: Logger) {
    this.#most = most;
    this.#log = log;
  }

  add(socket: Socket): void {
    this.#waiting.add(socket);
    socket.once('close', () => {
      this.#waiting.delete(socket);
      this.#atWork.delete(socket);
    });
    if (this.#waiting.size + this.#atWork.size > this.#most) this.#closeOne();
  }

  /** The connection of the request is at work from the end of the request's body to the end of its answer. */
  occupy(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const begin = () => {
      if (socket.destroyed || response.closed) return;
      this.#waiting.delete(socket);
      this.#atWork.set(socket, (this.#atWork.get(socket) ?? 0) + 1);
      response.once('close', () => this.#end(socket));
    };
    if (request.method === 'POST') request.once('end', begin);
    else begin();
  }

  #end(socket: Socket): void {
    const left = (this.#atWork.get(socket) ?? 1) - 1;
    if (left > 0) return void this.#atWork.set(socket, left);
    this.#atWork.delete(socket);
    if (!socket.destroyed) this.#waiting.add(socket);
  }

  #closeOne(): void {
    const [longest] = this.#waiting;
    longest?.destroy();
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#log.warn(`${this.#most} connections are open (MCP_MAX_CONNECTIONS). New ones close those that wait longest.`);
  }
}
