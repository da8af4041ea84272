import { cpuSeconds, machineCpuSeconds, processTree } from './processes.ts';

const EVERY_MS = 50;
/** Looking for new children costs more than reading known ones, so it is done less often. */
const SAMPLES_PER_LOOK = 10;

interface Sample {
  at: number;
  seconds: number;
}

/** Records used processor time regularly, so that it can be read later for any moment. */
export class Meter {
  readonly #samples: Sample[] = [];
  readonly #read: () => number;
  readonly #timer: NodeJS.Timeout;

  private constructor(read: () => number) {
    this.#read = read;
    this.#timer = setInterval(() => this.#take(), EVERY_MS);
    this.#take();
  }

  /** Meter of a process and its children. */
  static ofTree(pid: number): Meter {
    let pids = processTree(pid);
    let count = 0;
    return new Meter(() => {
      if (++count % SAMPLES_PER_LOOK === 0) pids = processTree(pid);
      return cpuSeconds(pids);
    });
  }

  static ofMachine(): Meter {
    return new Meter(machineCpuSeconds);
  }

  /** Seconds of processor time used between two moments, in epoch milliseconds. */
  between(from: number, to: number): number {
    return this.#at(to) - this.#at(from);
  }

  /** Seconds used up to a moment, since the measured processes began. */
  upTo(moment: number): number {
    return this.#at(moment);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#take();
  }

  #take(): void {
    this.#samples.push({ at: Date.now(), seconds: this.#read() });
  }

  #at(moment: number): number {
    const next = this.#samples.findIndex(({ at }) => at >= moment);
    const after = this.#samples.at(next); // the last sample, if the moment is after all samples
    const before = this.#samples[next - 1];
    if (!after) return 0;
    if (next < 1 || !before || after.at === before.at) return after.seconds;
    const share = (moment - before.at) / (after.at - before.at);
    return before.seconds + share * (after.seconds - before.seconds);
  }
}
