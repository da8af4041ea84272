import type { Worker } from '../../../core/contract.ts';
import { Poller, type PollerOptions, type TypeState } from './poller.ts';
import { RateLimiter } from './rate-limiter.ts';
import type { Slots } from './slots.ts';
import { shares, type TypeSettings } from './type-settings.ts';

/** What a worker runtime does now for one task type. */
export interface TypeStatus {
  name: string;
  /** Empty for the queue without a domain. */
  domain: string;
  state: TypeState;
  running: number;
  concurrency: number;
  /** When the server last answered a poll, in epoch milliseconds; 0 for never. */
  lastAnswerAt: number;
  /** When its poller last began a step, in epoch milliseconds. */
  turnedAt: number;
}

type Shared = Pick<
  PollerOptions,
  'conductor' | 'workerId' | 'polls' | 'results' | 'events' | 'log' | 'stop' | 'holds' | 'handle' | 'handBack'
> & { process: Slots };

/** One task type of this process: its slots, and a poller for each of its domains. */
export class TaskType {
  readonly name: string;
  /** False if the type uses the limit of the process. */
  readonly hasOwnLimit: boolean;
  readonly #slots: Slots;
  readonly #domains: TypeSettings['domains'];
  readonly #pollers: Poller[];

  constructor(worker: Worker, settings: TypeSettings, { process, ...shared }: Shared) {
    this.name = worker.name;
    this.hasOwnLimit = settings.hasOwnLimit;
    this.#slots = process.within(settings.concurrency);
    this.#domains = settings.domains;
    const { batchSize, pollIntervalMs, paused } = settings;
    const common = {
      ...shared,
      taskType: worker.name,
      batchSize,
      pollIntervalMs,
      paused,
      rateLimiter: new RateLimiter(settings.ratePerSecond),
    };
    this.#pollers = Object.entries(shares(settings.concurrency, settings.domains)).map(
      ([domain, limit]) => new Poller({ ...common, domain, slots: this.#slots.within(limit) }),
    );
  }

  async run(): Promise<void> {
    await Promise.all(this.#pollers.map((poller) => poller.run()));
  }

  pause(): void {
    for (const poller of this.#pollers) poller.pause();
  }

  resume(): void {
    for (const poller of this.#pollers) poller.resume();
  }

  setConcurrency(concurrency: number): void {
    this.#slots.limit = concurrency;
    const limits = shares(concurrency, this.#domains);
    for (const poller of this.#pollers) poller.slots.limit = limits[poller.domain] ?? 1;
  }

  status(): TypeStatus[] {
    return this.#pollers.map(({ domain, state, slots, lastAnswerAt, turnedAt }) => ({
      name: this.name,
      domain,
      state,
      running: slots.running,
      concurrency: slots.limit,
      lastAnswerAt,
      turnedAt,
    }));
  }
}
