import type { PictureShown } from './execution-detail.ts';
import type { Approval } from './execution-row.ts';

/** What the topic `approvals` holds. */
export interface ApprovalList {
  /** The approvals that wait longest. */
  readonly rows: readonly Approval[];
  /** How many other tasks wait and were not read. */
  readonly more: number;
}

/** What the topic `approval` holds. */
export interface ApprovalDetail extends Approval {
  readonly version: number;
  /** What the definition says about the task. */
  readonly description?: string;
  /** How the task ended. Absent while it waits. */
  readonly ended?: string;
  /** The data of the task. */
  readonly input: unknown;
  /** What follows a yes and a no, as far as the definition shows it. */
  readonly onApprove: string;
  readonly onReject: string;
  /** The fields from which the workflow reads the answer, if it does not read a yes or a no. */
  readonly asks: readonly string[];
  readonly picture: PictureShown;
}
