import type { IncomingMessage, ServerResponse } from 'node:http';
import { pause } from '../../../core/drain.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Logger } from '../../../core/log.ts';
import { scriptedModelRoutes } from '../scripted-model/scripted-model.ts';
import { backOfficeRoutes } from '../services/back-office.ts';
import { frontDoorRoutes } from '../services/health.ts';
import { inventoryRoutes } from '../services/inventory.ts';
import { mcpRoutes } from '../services/mcp-endpoint.ts';
import { paymentRoutes } from '../services/payments.ts';
import { priceRoutes } from '../services/prices.ts';
import { probeRoutes } from '../services/probes.ts';
import { searchRoutes } from '../services/search.ts';
import { weatherRoutes } from '../services/weather.ts';
import { Books, booksRoutes, type RequestRecord } from './books.ts';
import { covers, Faults, faultRoutes } from './faults.ts';
import { callOf, readBody, targetOf, writeReply } from './http.ts';
import { Replays } from './replays.ts';
import { type Call, findRoute, type OpenedCall, Problem, type Reply, type Route, type TakeOver } from './router.ts';

const PAYMENT_REQUIRED = 402;

/**
 * Where requests are served: parsed (400) → ordered fault → known `Idempotency-Key` → effect.
 * 1. A request that meets a fault's status or drop has no effect; one that is only delayed goes on, even if its client left.
 * 2. The first answer kept for a key is never that of a fault.
 * 3. Check and effect of a key are one synchronous step, so that two requests at once have one effect.
 */
export class Counter {
  readonly #books = new Books();
  readonly #faults = new Faults();
  readonly #replays = new Replays();
  readonly #routes: readonly Route[];
  readonly #log: Logger;
  readonly #closing: AbortSignal;

  /** @param closing when aborted, delays are cut short */
  constructor(log: Logger, closing: AbortSignal) {
    this.#log = log;
    this.#closing = closing;
    this.#routes = [
      ...frontDoorRoutes(() => this.#routes),
      ...inventoryRoutes(this.#books),
      ...paymentRoutes(this.#books),
      ...backOfficeRoutes(this.#books),
      ...weatherRoutes(),
      ...priceRoutes(),
      ...searchRoutes(),
      ...probeRoutes(this.#books),
      ...mcpRoutes(log),
      ...scriptedModelRoutes(),
      ...booksRoutes(this.#books),
      ...faultRoutes(this.#faults, (path) => this.#canFail(path)),
    ];
  }

  /** Answers one request; never rejects. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let record: RequestRecord | undefined;
    let route: Route | undefined;
    const finish = (reply: Reply) => {
      // Before the answer leaves: its reader may look into the books at once.
      if (record) record.status = reply.status;
      writeReply(response, reply);
    };
    try {
      const target = targetOf(request);
      record = this.#books.arrived(target);
      const [found, params] = findRoute(this.#routes, target.method, target.path);
      route = found;
      const call = callOf(target, params, await readBody(request), request);
      record.orderId = call.orderId ?? null;
      record.idempotencyKey = call.idempotencyKey ?? null;
      const answer = await this.#answer(route, call);
      if (answer === 'drop') request.socket.destroy();
      else if ('takeOver' in answer) {
        await answer.takeOver(request, response);
        record.status = response.statusCode;
      } else finish(answer);
    } catch (error) {
      if (response.headersSent || request.socket.destroyed) response.destroy();
      else finish(this.#refusal(error, route));
    }
    this.#log.debug({ method: request.method, path: request.url, status: record?.status }, 'request');
  }

  async #answer(route: Route, call: Call): Promise<Reply | TakeOver | 'drop'> {
    const opened = route.open(call);
    const fault = route.kind === 'control' ? undefined : await this.#meetFault(route, call, opened);
    if (fault) return fault;
    if (route.kind !== 'effect') return opened.answer();
    return this.#replays.once(call, () => this.#act(route, opened));
  }

  /** What an ordered fault answers; undefined if there is none, or only a delay, which is over then. */
  async #meetFault(route: Route, call: Call, opened: OpenedCall): Promise<Reply | 'drop' | undefined> {
    const fault = this.#faults.meet(call);
    if (!fault) return undefined;
    if (fault.delayMs !== undefined) await pause(fault.delayMs, this.#closing);
    if (fault.drop) return 'drop';
    if (fault.status === undefined) return undefined;
    opened.refused(fault.status);
    const code = fault.status === PAYMENT_REQUIRED ? 'declined' : 'ordered-fault';
    const body = fault.body ?? route.problemBody(fault.status, code, `${fault.id} was ordered to answer here.`);
    return { status: fault.status, body };
  }

  async #act(route: Route, opened: OpenedCall): Promise<Reply> {
    try {
      const answer = await opened.answer();
      if ('takeOver' in answer) throw new Error(`${route.path} has an effect and has to answer itself.`);
      return answer;
    } catch (error) {
      // A refusal is an answer as well: the same key gets it again.
      if (error instanceof Problem) return this.#refusal(error, route);
      throw error;
    }
  }

  #refusal(error: unknown, route: Route | undefined): Reply {
    const problem = error instanceof Problem ? error : new Problem(500, 'bug', 'The shop failed; its log says why.');
    if (problem !== error) this.#log.error({ err: error }, `a request failed: ${messageOf(error)}`);
    const { status, code, message } = problem;
    return { status, body: route?.problemBody(status, code, message) ?? { error: code, message } };
  }

  #canFail(path: string): boolean {
    return this.#routes.some((one) => one.kind !== 'control' && (one.match(path) || covers(path, one.path)));
  }
}
