import type { Caller } from '../admission/permissions.ts';
import type { Feature } from '../engine/mcp-server.ts';
import type { ChangeBus } from './change-bus.ts';
import { checkAddresses } from './subscription-limits.ts';
import type { WatchAdmission } from './watch-admission.ts';

/** The resources to which the client of an open connection of 2025 has subscribed. */
export class Subscribed {
  readonly #ends = new Map<string, () => void>();
  readonly #changes: ChangeBus;
  readonly #caller: Caller;

  constructor(changes: ChangeBus, caller: Caller) {
    this.#changes = changes;
    this.#caller = caller;
  }

  has(uri: string): boolean {
    return this.#ends.has(uri);
  }

  /** @throws FleetError if the connection or its caller has too many */
  add(uri: string): void {
    if (this.#ends.has(uri)) return;
    checkAddresses(this.#ends.size + 1);
    const remove = this.#changes.limits.add(this.#caller, { subscriptions: 0, addresses: 1 });
    const end = this.#changes.follow(uri);
    this.#ends.set(uri, () => {
      remove();
      end();
    });
  }

  delete(uri: string): void {
    this.#ends.get(uri)?.();
    this.#ends.delete(uri);
  }

  clear(): void {
    for (const uri of [...this.#ends.keys()]) this.delete(uri);
  }
}

/** `resources/subscribe` and `resources/unsubscribe` of 2025, for connections that stay open. */
export const subscribing = (watch: WatchAdmission): Feature => ({
  era: 'legacy',
  capabilities: {},
  attach(requests) {
    requests.answer('resources/subscribe', {
      find: () => watch.subjectOf('resources/subscribe'),
      async handle(_subject, { params: { uri }, connection }) {
        await watch.mustReach([uri], connection);
        connection.subscribed?.add(uri);
        return {};
      },
    });
    requests.answer('resources/unsubscribe', {
      countsAgainstRateLimit: false,
      find: () => watch.subjectOf('resources/unsubscribe'),
      handle(_subject, { params: { uri }, connection }) {
        connection.subscribed?.delete(uri);
        return {};
      },
    });
  },
});
