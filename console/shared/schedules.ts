/** A time at which a schedule started a workflow, or failed to. */
export interface Firing {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The server's word for the firing. */
  readonly state: string;
  readonly executionId?: string;
  /** The status of the execution. Absent if the execution was removed. */
  readonly status?: string;
  readonly reason?: string;
}

export interface ScheduleRow {
  /** Its name. */
  readonly id: string;
  readonly workflow: string;
  /** Absent: it starts the latest version. */
  readonly version?: number;
  readonly cron: string;
  readonly zone: string;
  readonly paused: boolean;
  /** Epoch milliseconds, the soonest first. Empty while it is paused, or if the server cannot read its cron expression. */
  readonly next: readonly number[];
  /** The newest first. */
  readonly last: readonly Firing[];
  /** The fleet that defines it in code. */
  readonly managedBy?: string;
}

/** What the topic `schedules` holds. */
export interface ScheduleList {
  readonly total: number;
  readonly rows: readonly ScheduleRow[];
}
