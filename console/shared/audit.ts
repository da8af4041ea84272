/** A recorded request. */
export interface AuditRow {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly caller: string;
  readonly callerId: string;
  readonly role?: string;
  readonly transport: string;
  readonly method: string;
  /** The tool, resource or prompt. */
  readonly subject?: string;
  /** The arguments, as far as the log has them. */
  readonly args: Readonly<Record<string, unknown>>;
  /** `allowed`, or why it was refused. Absent: the outcome is not known. */
  readonly decision?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly code?: string;
  readonly executionId?: string;
  readonly ms?: number;
}

/** What the topic `audit` holds. */
export interface AuditFound {
  /** The newest first. */
  readonly rows: readonly AuditRow[];
  /** True if there may be more. */
  readonly isCut: boolean;
  readonly folder: string;
}

/** What the topic `audit-verify` holds. */
export interface AuditVerified {
  readonly folder: string;
  readonly files: number;
  readonly lines: number;
  readonly requests: number;
  /** One sentence each. Empty: no line was changed or removed. */
  readonly problems: readonly string[];
  /** What is no sign of a change, one sentence each. */
  readonly notes: readonly string[];
}
