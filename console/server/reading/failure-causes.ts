import { classifyReason, reasonShape } from '../../../mcp/analysis/failure-reason.ts';
import type { ExecutionRow, FailureCause } from '../../shared/execution-row.ts';

/** Groups failed executions by their cause, the latest first. One service that is away is one cause, whatever workflow calls it. */
export function failureCauses(rows: readonly ExecutionRow[]): FailureCause[] {
  const failed = rows.filter(({ status }) => status === 'FAILED' || status === 'TIMED_OUT');
  const groups = Map.groupBy(failed, causeKey);
  return [...groups.values()].flatMap(causeOf).sort((a, b) => b.last - a.last);
}

function causeKey({ workflow, ref, reason = '' }: ExecutionRow): string {
  return awayHost(reason) ?? JSON.stringify([workflow, ref ?? '', reasonShape(reason)]);
}

function causeOf(group: readonly ExecutionRow[]): FailureCause[] {
  const newest = group.reduce((a, b) => ((b.end ?? 0) > (a.end ?? 0) ? b : a), group[0] as ExecutionRow); // no group is empty
  const { id, workflow, ref, reason = '' } = newest;
  const away = awayHost(reason);
  const workflows = [...new Set(group.map((row) => row.workflow))].sort();
  const shown = { id, workflow, workflows, count: group.length, reason, last: newest.end ?? 0 };
  return [{ ...shown, ...(ref !== undefined && { ref }), ...(away !== undefined && { away }) }];
}

/** The host that could not be reached, if the reason says so and names it. */
function awayHost(reason: string): string | undefined {
  const { kind } = classifyReason(reason);
  if (kind !== 'unreachable' && kind !== 'no-answer') return undefined;
  return (
    /https?:\/\/([^/"'\s:]+(?::\d+)?)/.exec(reason)?.[1] ?? /Connect to (?:http:\/\/)?([\w.-]+:\d+)/.exec(reason)?.[1]
  );
}
