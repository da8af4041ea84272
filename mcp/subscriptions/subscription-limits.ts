import { FleetError } from '../../core/errors.ts';
import type { Caller } from '../admission/permissions.ts';

/** Addresses of one subscription, or of one session of the 2025 revision. */
export const MOST_ADDRESSES = 100;
/** What one caller may have at the same time. Every watched execution is read each second. */
const MOST_OF_CALLER = { subscriptions: 100, addresses: 500 };

interface Used {
  readonly subscriptions: number;
  readonly addresses: number;
}

/** @throws FleetError `input` if one subscription names too many addresses */
export function checkAddresses(addresses: number): void {
  if (addresses <= MOST_ADDRESSES) return;
  throw new FleetError(
    'input',
    `A subscription has at most ${MOST_ADDRESSES} addresses, but this one has ${addresses}.`,
    {
      remedy: 'Subscribe to fewer addresses: to executions that still run, and only once to each.',
    },
  );
}

/** Counts the open subscriptions of each caller in this process. */
export class SubscriptionLimits {
  readonly #most: Used;
  readonly #used = new Map<string, Used>();

  constructor(most: Used = MOST_OF_CALLER) {
    this.#most = most;
  }

  /**
   * Adds what a caller subscribes to. Returns a function that removes it again; calling it again does nothing.
   * @throws FleetError `denied` if the caller would have too much
   */
  add({ id, name }: Caller, { subscriptions, addresses }: Used): () => void {
    const now = this.#change(id, { subscriptions, addresses });
    let isOver = false;
    const remove = () => {
      if (isOver) return;
      isOver = true;
      this.#change(id, { subscriptions: -subscriptions, addresses: -addresses });
    };
    const { subscriptions: mostSubscriptions, addresses: mostAddresses } = this.#most;
    if (now.subscriptions <= mostSubscriptions && now.addresses <= mostAddresses) return remove;
    remove();
    const most = `${mostSubscriptions} subscriptions and ${mostAddresses} addresses`;
    throw new FleetError('denied', `A caller may have at most ${most} at the same time. "${name}" would have more.`, {
      retryable: true,
      remedy: 'End a subscription that you no longer need, then subscribe again.',
    });
  }

  #change(id: string, by: Used): Used {
    const { subscriptions, addresses } = this.#used.get(id) ?? { subscriptions: 0, addresses: 0 };
    const now = { subscriptions: subscriptions + by.subscriptions, addresses: addresses + by.addresses };
    if (now.subscriptions === 0 && now.addresses === 0) this.#used.delete(id);
    else this.#used.set(id, now);
    return now;
  }
}
