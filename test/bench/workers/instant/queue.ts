/** The state of a queue, as the bench sees it. Times are epoch milliseconds. */
export interface Progress {
  filling: number;
  settled: number;
  tasks: number;
  /** Number of results for tasks that already had a result. It must be 0. */
  repeated: number;
  polls: number;
  updates: number;
  firstTakenAt: number;
  lastSettledAt: number;
  /** Types that have been polled. */
  polled: string[];
}

interface Waiting {
  type: string;
  answer(numbers: number[]): void;
  timer: NodeJS.Timeout;
}

/** A queue in which tasks are only numbers. With n types, each type has every n-th number. The queue hands the numbers out in order. */
export class Queue {
  #types: readonly string[] = [];
  #tasks = 0;
  #next: number[] = [];
  #isSettled = new Uint8Array();
  #progress: Progress = { ...nothing };
  readonly #polled = new Set<string>();
  readonly #waiting = new Set<Waiting>();

  /** Drops all tasks, then fills the queue with `tasks` new tasks. Waiting polls get an answer at once. */
  fill(filling: number, tasks: number, types: readonly string[]): void {
    this.#types = types;
    this.#tasks = tasks;
    this.#next = types.map((_, index) => index);
    this.#isSettled = new Uint8Array(tasks);
    this.#progress = { ...nothing, filling, tasks };
    this.#polled.clear();
    for (const waiting of this.#waiting) this.#answer(waiting, 1);
  }

  /**
   * Answers with up to `count` tasks: at once if a task waits, else with the next task or when the time is over. If the connection
   * of the poll closes, call the returned function to end the wait.
   */
  poll(type: string, count: number, timeoutMs: number, answer: (numbers: number[]) => void): (() => void) | undefined {
    this.#progress.polls++;
    const numbers = this.#take(type, count);
    if (numbers.length > 0 || timeoutMs === 0) {
      answer(numbers);
      return undefined;
    }
    const waiting: Waiting = { type, answer, timer: setTimeout(() => this.#answer(waiting, 0), timeoutMs) };
    this.#waiting.add(waiting);
    return () => this.#drop(waiting);
  }

  /** Returns true for the first call with a type after each `fill`, false for later calls. */
  isNew(type: string): boolean {
    const before = this.#polled.size;
    return this.#polled.add(type).size > before;
  }

  /** Takes the next task of the same type as the given task. */
  takeLike(number: number): { type: string; number: number } | undefined {
    const type = this.#types[number % this.#types.length];
    const [next] = type === undefined ? [] : this.#take(type, 1);
    return type === undefined || next === undefined ? undefined : { type, number: next };
  }

  /** Counts a result. Returns how many tasks have a result. */
  settle(number: number): number {
    const progress = this.#progress;
    progress.updates++;
    if (this.#isSettled[number] === 0) progress.settled++;
    else progress.repeated++;
    this.#isSettled[number] = 1;
    progress.lastSettledAt = Date.now();
    return progress.settled;
  }

  get done(): boolean {
    return this.#progress.settled === this.#tasks;
  }

  progress(): Progress {
    return { ...this.#progress, polled: [...this.#polled] };
  }

  #answer(waiting: Waiting, count: number): void {
    this.#drop(waiting);
    waiting.answer(this.#take(waiting.type, count));
  }

  #drop(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    this.#waiting.delete(waiting);
  }

  #take(type: string, count: number): number[] {
    const index = this.#types.indexOf(type);
    const numbers: number[] = [];
    for (let next = this.#next[index]; next !== undefined && next < this.#tasks && numbers.length < count; ) {
      numbers.push(next);
      next += this.#types.length;
      this.#next[index] = next;
    }
    if (numbers.length > 0 && this.#progress.firstTakenAt === 0) this.#progress.firstTakenAt = Date.now();
    return numbers;
  }
}

export const nothing: Progress = {
  filling: 0,
  settled: 0,
  tasks: 0,
  repeated: 0,
  polls: 0,
  updates: 0,
  firstTakenAt: 0,
  lastSettledAt: 0,
  polled: [],
};
