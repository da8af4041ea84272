/** A row of a list of executions. Times are epoch milliseconds, durations milliseconds. */
export interface ExecutionRow {
  readonly id: string;
  readonly workflow: string;
  readonly version: number;
  readonly status: string;
  readonly start: number;
  /** Absent while the execution runs. */
  readonly end?: number;
  readonly ms: number;
  readonly correlation?: string;
  /** The first task that failed, and how many others failed too. */
  readonly ref?: string;
  readonly reason?: string;
}

/** What the topic `executions` holds. */
export interface ExecutionList {
  /** The number of all matches. */
  readonly total: number;
  /** The newest matches. */
  readonly rows: readonly ExecutionRow[];
  /** How many executions are in each status, whatever the filter. */
  readonly counts: Readonly<Record<string, number>>;
}

/** An approval that waits for a person. */
export interface Approval {
  /** Id of the task. */
  readonly id: string;
  readonly ref: string;
  readonly executionId: string;
  readonly workflow: string;
  readonly correlation?: string;
  readonly since: number;
  /** What it is about, in one line. */
  readonly about: string;
}

/** A queue of tasks for workers. */
export interface QueueRow {
  /** Type and domain. */
  readonly id: string;
  readonly type: string;
  readonly domain: string;
  readonly waiting: number;
  readonly state: string;
  readonly polledAt?: number;
}

/** Failed executions with one cause. */
export interface FailureCause {
  /** Id of the newest of them. */
  readonly id: string;
  readonly count: number;
  readonly workflow: string;
  /** The names of all workflows that failed for this cause. */
  readonly workflows: readonly string[];
  /** The host that could not be reached, if that is the cause. */
  readonly away?: string;
  readonly ref?: string;
  readonly reason: string;
  readonly last: number;
}

/** What the topic `overview` holds. */
export interface Overview {
  readonly counts: Readonly<Record<string, number>>;
  readonly hour: {
    /** Executions that ended in the last hour, among those that were read. */
    readonly ended: number;
    readonly failed: number;
    readonly p50?: number;
    readonly p95?: number;
    /** Set if more executions started in this hour than were read. */
    readonly sampled?: { readonly read: number; readonly total: number };
  };
  /** Minute since 1970, completed, not completed. */
  readonly minutes: readonly (readonly [minute: number, good: number, bad: number])[];
  readonly open: readonly ExecutionRow[];
  readonly approvals: readonly Approval[];
  readonly queues: readonly QueueRow[];
  readonly failures: readonly FailureCause[];
}
