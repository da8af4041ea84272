/** A queue of tasks for workers, and what its facts mean. Times are epoch milliseconds. */
export interface TypeRow {
  /** Type and domain. */
  readonly id: string;
  readonly type: string;
  readonly domain: string;
  /** The number of domains that this row stands for, if they are all idle. */
  readonly domains?: number;
  /** The verdict of `judgeQueue`. */
  readonly state: string;
  readonly waiting: number;
  /** Tasks that the server holds back for a moment, mostly because of the limit. */
  readonly hidden: number;
  /** Absent if it was not read. */
  readonly running?: number;
  /** When the oldest due task became due. */
  readonly oldestAt?: number;
  /** The concurrency limit of the task definition. */
  readonly limit?: number;
  readonly polledBy?: string;
  readonly polledAt?: number;
}

/** A task type in one process. */
export interface ServedType {
  readonly name: string;
  readonly domain: string;
  readonly state: string;
  readonly running: number;
  /** Most tasks at once. */
  readonly limit: number;
}

/** A worker process. */
export interface ProcessRow {
  /** Its worker id. */
  readonly id: string;
  /**
   * `running`, `draining`, `stopped`: what a process of this machine says. `silent`: it does not answer. `gone`: it was killed or has crashed.
   * `elsewhere`: only its polls are seen.
   */
  readonly state: string;
  /** Absent for a process elsewhere. */
  readonly startedAt?: number;
  readonly running?: number;
  readonly limit?: number;
  /** Results that wait for delivery. */
  readonly undelivered?: number;
  /** What the server rejects: `polls`, `results`. */
  readonly rejected: readonly string[];
  /** Why its status is missing. */
  readonly problem?: string;
  readonly types: readonly ServedType[];
  /** Its last poll, for a process elsewhere, and the types that it polled. */
  readonly polledAt?: number;
  readonly polled: readonly string[];
}

/** What the topic `fleet` holds. */
export interface FleetSeen {
  /** The worst first. */
  readonly types: readonly TypeRow[];
  /** How many queues there are beyond those in `types`. */
  readonly more: number;
  readonly processes: readonly ProcessRow[];
}
