import { named } from '../../core/settings/named.ts';
import type { Caller } from './permissions.ts';
import { RateLimited } from './refusals.ts';

/** Limits how many requests of each caller are carried out at the same time. Most of them are calls that wait for an execution. */
export class Concurrency {
  readonly #most: number;
  readonly #running = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts a request. Returns a function that ends it; calling it again does nothing. @throws RateLimited if too many run */
  begin({ id, name }: Caller): () => void {
    const before = this.#running.get(id) ?? 0;
    if (before >= this.#most) {
      throw new RateLimited(
        `This MCP server carries out ${this.#most} requests of a caller at the same time, and "${name}" has as many.`,
        {
          retryAfterSeconds: 1,
          remedy: `Wait for an answer, then send the same request again. Calls with a short wait end sooner. The person who runs this MCP server sets the limit with ${named('rateLimitConcurrent')}.`,
        },
      );
    }
    this.#running.set(id, before + 1);
    let hasEnded = false;
    return () => {
      if (hasEnded) return;
      hasEnded = true;
      const left = (this.#running.get(id) ?? 1) - 1;
      if (left > 0) this.#running.set(id, left);
      else this.#running.delete(id);
    };
  }
}
