import { isDeepStrictEqual } from 'node:util';
import { type Call, Problem, type Reply } from './endpoint.ts';

const KEPT_ANSWERS = 50_000;

interface FirstAnswer {
  readonly fields: unknown;
  readonly reply: Promise<Reply>;
}

/** Remembers the first answer to each `Idempotency-Key`, per method and path. */
export class IdempotentAnswers {
  readonly #first = new Map<string, FirstAnswer>();

  /**
   * Calls `act` for the first request with a key. Later requests get the same answer, marked `Idempotency-Replayed: true`. A refusal is an
   * answer too. If `act` rejects, the key is forgotten.
   * @throws Problem 422 if an earlier request with other fields used the key
   */
  async once(call: Call, act: () => Promise<Reply>): Promise<Reply> {
    if (call.idempotencyKey === undefined) return act();
    const key = `${call.method} ${call.path} ${call.idempotencyKey}`;
    const first = this.#first.get(key);
    if (!first) return this.#actFirst(key, call.fields, act);
    if (!isDeepStrictEqual(first.fields, call.fields)) {
      throw new Problem(422, 'key-reused', `Idempotency-Key "${call.idempotencyKey}" belongs to a different request.`);
    }
    const reply = await first.reply;
    if (reply.entry) reply.entry.requests += 1;
    return { ...reply, headers: { ...reply.headers, 'idempotency-replayed': 'true' } };
  }

  #actFirst(key: string, fields: unknown, act: () => Promise<Reply>): Promise<Reply> {
    const reply = act();
    this.#first.set(key, { fields, reply });
    reply.catch(() => this.#first.delete(key));
    const [oldest] = this.#first.keys();
    if (this.#first.size > KEPT_ANSWERS && oldest !== undefined) this.#first.delete(oldest);
    return reply;
  }
}
