import type { PictureShown } from './execution-detail.ts';
import type { ExecutionRow } from './execution-row.ts';
import type { FormField } from './form-field.ts';

/** A row of the list of workflows. */
export interface DefinitionRow {
  /** The name. */
  readonly id: string;
  /** The lowest first. */
  readonly versions: readonly number[];
  readonly description?: string;
}

/** What the topic `definitions` holds. */
export interface DefinitionList {
  readonly rows: readonly DefinitionRow[];
}

/** What the topic `recent-runs` holds. */
export interface RecentRuns {
  /** For each workflow the states of its last runs, the oldest first. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** Set if there are more executions than were read. */
  readonly sampled?: { readonly read: number; readonly total: number };
}

/** What the topic `workflow-runs` holds. */
export interface WorkflowRuns {
  readonly total: number;
  /** The newest. */
  readonly rows: readonly ExecutionRow[];
}

/** A place where another workflow names this one. */
export interface CallerRow {
  readonly name: string;
  /** `sub-workflow` or `failure-workflow`. */
  readonly how: string;
  /** The version that it names. Absent: the highest. */
  readonly version?: number;
}

/** What the topic `definition` holds. */
export interface DefinitionDetail {
  readonly name: string;
  readonly version: number;
  readonly versions: readonly number[];
  readonly description?: string;
  /** When this version was stored last, in epoch milliseconds. */
  readonly storedAt?: number;
  readonly picture: PictureShown;
  readonly callers: readonly CallerRow[];
  /** The workflows that this one names. */
  readonly calls: readonly CallerRow[];
  /** How many workflows were not searched for callers. */
  readonly unsearched: number;
  /** The fields of the form that starts it. */
  readonly fields: readonly FormField[];
}

/** A problem that lint found. */
export interface FindingShown {
  readonly id: string;
  readonly severity: string;
  readonly rule: string;
  /** JSON pointer. */
  readonly place: string;
  /** The task that has the problem. */
  readonly ref?: string;
  readonly message: string;
  readonly reason: string;
  readonly repair: string;
}

/** What the topic `definition-findings` holds. */
export interface DefinitionFindings {
  readonly findings: readonly FindingShown[];
  /** Why the definition could not be checked. */
  readonly unchecked?: string;
}

/** What the topic `definition-drift` holds. */
export interface DefinitionDrift {
  /** The version in the code that this console loads. Absent if the code has no workflow of this name. */
  readonly codeVersion?: number;
  readonly total: number;
  readonly changes: readonly { readonly path: string; readonly before?: unknown; readonly after?: unknown }[];
  /** What would break if the code replaced the stored definition, one sentence each. */
  readonly breaks: readonly string[];
}
