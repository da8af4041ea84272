import { pause } from '../../core/pause.ts';
import type { ChaosServer, Outage } from './chaos-server.ts';
import type { Workers } from './chaos-workers.ts';
import type { Network } from './network.ts';
import { describe, type Injection, type NetworkFault } from './plan-schedule.ts';

/** An injection with the times at which it really happened. */
export interface Injected {
  injection: Injection;
  /** Epoch milliseconds. `to` is the moment when the process ran again or the network was healed. */
  from: number;
  to: number;
  what: string;
}

/** A period in which the network of a worker had a fault. */
export interface NetworkTrouble extends Outage {
  worker: number;
}

export interface Targets {
  server: ChaosServer;
  workers: Workers;
  networks: readonly Network[];
}

/** Carries out the schedule. */
export class Injector {
  readonly done: Injected[] = [];
  readonly troubles: NetworkTrouble[] = [];
  readonly #targets: Targets;
  readonly #note: (line: string) => void;
  readonly #signal: AbortSignal;

  constructor(targets: Targets, note: (line: string) => void, signal: AbortSignal) {
    this.#targets = targets;
    this.#note = note;
    this.#signal = signal;
  }

  /** Injects the faults at their times. Resolves when all processes and networks work again. */
  async run(schedule: readonly Injection[]): Promise<void> {
    const beganAt = Date.now();
    const effects: Promise<void>[] = [];
    for (const injection of schedule) {
      await pause(beganAt + injection.atMs - Date.now(), this.#signal);
      if (this.#signal.aborted) break;
      effects.push(this.#inject(injection));
    }
    await Promise.all(effects);
  }

  async #inject(injection: Injection): Promise<void> {
    const injected: Injected = { injection, from: Date.now(), to: Number.POSITIVE_INFINITY, what: '' };
    this.done.push(injected);
    this.#note(describe(injection));
    injected.what = await this.#effect(injection);
    injected.to = Date.now();
    this.#note(`${injection.kind}: ${injected.what}`);
  }

  #effect(injection: Injection): Promise<string> {
    switch (injection.kind) {
      case 'kill-worker':
      case 'stop-worker':
        return this.#endWorker(injection.kind, injection.worker, injection.downMs);
      case 'kill-server':
        return this.#killServer(injection.downMs);
      default:
        return this.#disturb(injection.kind, injection.worker, injection.forMs);
    }
  }

  async #endWorker(kind: 'kill-worker' | 'stop-worker', worker: number, downMs: number): Promise<string> {
    const { workers } = this.#targets;
    if (!workers.isRunning(worker)) return 'it was down already';
    const from = Date.now();
    await (kind === 'kill-worker' ? workers.kill(worker) : workers.stop(worker));
    const life = workers.lives.findLast((one) => one.worker === worker);
    const took = Date.now() - from;
    await pause(downMs, this.#signal);
    if (!this.#signal.aborted && !workers.isRunning(worker)) workers.start(worker);
    return kind === 'kill-worker' ? `pid ${life?.pid}` : `pid ${life?.pid} ended with ${life?.code} after ${took} ms`;
  }

  async #killServer(downMs: number): Promise<string> {
    const { server } = this.#targets;
    if (server.outages.at(-1)?.to === Number.POSITIVE_INFINITY) return 'it was down already';
    const from = Date.now();
    await server.kill();
    await pause(downMs, this.#signal);
    if (this.#signal.aborted) return 'not started again';
    await server.start(this.#signal);
    return `it answers again after ${((Date.now() - from) / 1000).toFixed(1)} s`;
  }

  /** Disturbs networks for a while. A second fault of the same network replaces the first. */
  async #disturb(fault: NetworkFault, whose: number | 'all', forMs: number): Promise<string> {
    const { networks } = this.#targets;
    const hit = [...networks.entries()].filter(([worker]) => whose === 'all' || whose === worker);
    const from = Date.now();
    const mine = hit.map(([worker, network]) => {
      const trouble = { worker, from, to: Number.POSITIVE_INFINITY };
      this.troubles.push(trouble);
      return { network, trouble, turn: network.disturb(fault) };
    });
    await pause(forMs, this.#signal);
    for (const { network, trouble, turn } of mine) {
      network.heal(turn);
      trouble.to = Date.now();
    }
    return 'over';
  }
}
