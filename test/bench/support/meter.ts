import { cpuSeconds, machineCpuSeconds, processTree } from './processes.ts';

const EVERY_MS = 50;
/** Searching for new children costs more than reading known ones, so the meter searches less often than it reads. */
const SAMPLES_PER_LOOK = 10;

interface Sample {
  at: number;
  seconds: number;
}

/** Records processor time regularly, so that callers can later ask for the value at any moment. */
export class Meter {
  readonly #samples: Sample[] = [];
  readonly #read: () => number;
  readonly #timer: NodeJS.Timeout;

  private constructor(read: () => number) {
    this.#read = read;
    this.#timer = setInterval(() => this.#take(), EVERY_MS);
    this.#take();
  }

  /** Measures a process and its children. */
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

  /** Seconds of processor time used from the start of the measured processes up to a moment. */
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
    const after = this.#samples.at(next); // index -1, the last sample, if the moment is after all samples
    const before = this.#samples[next - 1];
    if (!after) return 0;
    if (next < 1 || !before || after.at === before.at) return after.seconds;
    const share = (moment - before.at) / (after.at - before.at);
    return before.seconds + share * (after.seconds - before.seconds);
  }
}
