import type { Conductor } from '../../../core/conductor/api.ts';
import { type ExecutionSummary, hasEnded, workflowStatuses } from '../../../core/conductor/types.ts';
import { inParallel } from '../../../core/in-parallel.ts';
import { clip } from '../../../core/text.ts';
import { innermostReason } from '../../../mcp/analysis/failure-reason.ts';
import type { ExecutionRow } from '../../shared/execution-row.ts';

const REASON_LIMIT = 200;

/** A row of a search as pages show it. */
export function rowOf(summary: ExecutionSummary): ExecutionRow {
  const { workflowId: id, workflowType: workflow, version, status, correlationId } = summary;
  const isOver = hasEnded(status);
  const ref = shortRefs(summary.failedReferenceTaskNames ?? '');
  const reason = status === 'COMPLETED' ? '' : innermostReason(summary.reasonForIncompletion ?? '');
  return {
    ...{ id, workflow, version, status, ms: summary.executionTime },
    start: Date.parse(summary.startTime ?? '') || 0,
    ...(isOver && { end: Date.parse(summary.endTime ?? '') || 0 }),
    ...(correlationId && { correlation: correlationId }),
    ...(ref && status !== 'COMPLETED' && { ref }),
    ...(reason && { reason: clip(reason, REASON_LIMIT) }),
  };
}

/** `ship +2`: the first of the names, and how many follow. */
function shortRefs(names: string): string {
  const [first = '', ...others] = names.split(',');
  return others.length > 0 ? `${first} +${others.length}` : first;
}

/** How many executions of the search are in each status. */
export async function countByStatus(conductor: Conductor, freeText?: string): Promise<Record<string, number>> {
  const counts = await inParallel(workflowStatuses, workflowStatuses.length, async (status) => {
    const search = { query: `status=${status}`, size: 1, ...(freeText && { freeText }) };
    return [status, (await conductor.searchExecutions(search)).totalHits] as const;
  });
  return Object.fromEntries(counts);
}
