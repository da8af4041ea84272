import type { Delivery, Evidence } from './evidence.ts';
import { type Interval, intersection, union } from './intervals.ts';

/** Answers when the server, the workers and the networks worked, and when workers took tasks of each type. */
export class World {
  readonly serverOutages: readonly Interval[];
  readonly troubles: Evidence['troubles'];
  /** Periods in which the server was down, or every worker was down or cut off. */
  readonly nobodyPolls: Interval[];
  readonly accepted: Evidence['accepted'];
  readonly #lives: Evidence['lives'];
  readonly #deliveries = new Map<string, Delivery[]>();
  /** The times at which workers took tasks of each type, in order. */
  readonly #moves = new Map<string, number[]>();

  constructor({ serverOutages, troubles, lives, deliveries, executions, accepted }: Evidence) {
    this.accepted = accepted;
    this.serverOutages = serverOutages;
    this.troubles = troubles;
    this.#lives = lives;
    const workers = [...new Set(lives.map(({ worker }) => worker))];
    const absences = workers.map((worker) => this.#absencesOf(worker));
    this.nobodyPolls = union([...serverOutages, ...absences.reduce((all, one) => intersection(all, one))]);
    for (const delivery of deliveries) {
      this.#deliveries.set(delivery.taskId, [...this.deliveriesOf(delivery.taskId), delivery]);
    }
    for (const { taskId, taskType, startTime } of executions.flatMap(({ tasks }) => tasks)) {
      const begins = this.deliveriesOf(taskId).map(({ from }) => from);
      this.#moves.set(taskType, [...(this.#moves.get(taskType) ?? []), startTime, ...begins]);
    }
    for (const moves of this.#moves.values()) moves.sort((a, b) => a - b);
  }

  /** Returns the deliveries of one attempt, in order. */
  deliveriesOf(taskId: string): Delivery[] {
    return this.#deliveries.get(taskId) ?? [];
  }

  workerOf(pid: number): number | undefined {
    return this.#lives.find((life) => life.pid === pid)?.worker;
  }

  /** Returns the periods in which these workers could not reach the server. */
  troublesOf(workers: ReadonlySet<number | undefined>): Interval[] {
    return [...this.serverOutages, ...this.troubles.filter(({ worker }) => workers.has(worker))];
  }

  /** Returns whether this process was killed within the interval. */
  killedWithin(pid: number, { from, to }: Interval): boolean {
    return this.#lives.some(
      (life) => life.pid === pid && life.end !== 'stopped' && life.endedAt >= from && life.endedAt <= to,
    );
  }

  /**
   * Returns the longest time within the period in which workers took no task of the type although one could have. If workers still
   * take some tasks, the queue is only slow; if they take none, the server has forgotten the queue.
   */
  standstill(taskType: string, { from, to }: Interval): number {
    const moves = (this.#moves.get(taskType) ?? []).filter((at) => at > from && at < to);
    const stretches = [...moves, to].map((end, index) => ({ from: moves[index - 1] ?? from, to: end }));
    let longest = 0;
    for (const stretch of stretches) {
      if (stretch.to - stretch.from > longest) longest = Math.max(longest, this.#unexcused(stretch));
    }
    return longest;
  }

  #unexcused(stretch: Interval): number {
    const excused = intersection([stretch], this.nobodyPolls).reduce((sum, { from, to }) => sum + to - from, 0);
    return stretch.to - stretch.from - excused;
  }

  #absencesOf(worker: number): Interval[] {
    const lives = this.#lives.filter((life) => life.worker === worker);
    const gaps = lives.map(({ endedAt }, index) => ({ from: endedAt, to: lives[index + 1]?.startedAt ?? endedAt }));
    return union([...gaps, ...this.troubles.filter((trouble) => trouble.worker === worker)]);
  }
}
