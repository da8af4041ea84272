import type { Conductor } from '../../core/conductor/api.ts';
import type { ExecutionSummary } from '../../core/conductor/types.ts';
import { orUndefined } from '../../core/errors.ts';
import { type Diagnosis, diagnoseExecution } from './diagnose.ts';
import { reasonShape } from './failure-reason.ts';

/** Executions that failed for the same reason, and the diagnosis of the newest one. */
export interface FailureGroup {
  readonly count: number;
  readonly newest: ExecutionSummary;
  readonly diagnosis: Diagnosis;
}

export interface FailureGroups {
  /** The groups, the most frequent reason first. */
  readonly groups: readonly FailureGroup[];
  /** How many failed executions were read. The newest executions are read first. */
  readonly read: number;
  /** The number of all failed executions. */
  readonly total: number;
  /** The number of executions that were read but are not in a returned group. */
  readonly others: number;
}

const READ = 100;
const MOST_GROUPS = 6;

/** Groups the newest failed executions, of one workflow or of all, by their reason. A sub-workflow counts with its parent. */
export async function groupFailures(conductor: Conductor, workflowName: string | undefined): Promise<FailureGroups> {
  const query = `status IN (FAILED,TIMED_OUT)${workflowName === undefined ? '' : ` AND workflowType=${workflowName}`}`;
  const topLevelOnly = workflowName === undefined;
  const { totalHits: total, results } = await conductor.searchExecutions({ query, topLevelOnly, size: READ });
  const alike = Map.groupBy(results, keyOf);
  const largest = [...alike.values()].sort((a, b) => b.length - a.length).slice(0, MOST_GROUPS);
  const described = await Promise.all(largest.flatMap((group) => (group[0] ? [describe(group[0], group.length)] : [])));
  const groups = described.filter((group) => group !== undefined);
  const shown = groups.reduce((sum, { count }) => sum + count, 0);
  return { groups, read: results.length, total, others: results.length - shown };

  async function describe(newest: ExecutionSummary, count: number): Promise<FailureGroup | undefined> {
    const diagnosis = await orUndefined(diagnoseExecution(conductor, newest.workflowId)); // the execution may have been removed
    return diagnosis && { count, newest, diagnosis };
  }
}

function keyOf(summary: ExecutionSummary): string {
  const { workflowType, failedReferenceTaskNames: refs, reasonForIncompletion: reason } = summary;
  return JSON.stringify([workflowType, refs ?? '', reasonShape(reason ?? '')]);
}
