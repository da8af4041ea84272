import { z } from 'zod';
import { judgeQueue, type QueueFacts, queueNameOf, readQueues } from '../../core/conductor/read-queues.ts';
import { defineTopic } from '../server/define-topic.ts';
import { readApprovals } from '../server/reading/approvals.ts';
import { failureCauses } from '../server/reading/failure-causes.ts';
import { countByStatus, rowOf } from '../server/reading/rows.ts';
import type { ExecutionRow, Overview, QueueRow } from '../shared/execution-row.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** The executions of the last hour that are read. */
const READ = 1000;
const OPEN_SHOWN = 7;

export default defineTopic({
  name: 'overview',
  permission: 'executions:read',
  sameAs: ['list_workflow_executions', 'get_queue_status', 'list_pending_approvals'],
  params: z.object({}),
  everyMs: () => 3000,
}).reader(async (_params, context): Promise<Overview & Record<string, unknown>> => {
  const { conductor, now, keep } = context;
  const [open, counts, recent, queues, approvals] = await Promise.all([
    conductor.searchExecutions({ query: 'status IN (RUNNING,PAUSED)', size: OPEN_SHOWN }),
    keep('counts ', 10_000, () => countByStatus(conductor)),
    conductor.searchExecutions({ query: `startTime>${now - HOUR_MS}`, size: READ }),
    keep('queues', 5000, () => readQueues(conductor)),
    readApprovals(context),
  ]);
  const rows = recent.results.map(rowOf);
  return {
    counts,
    hour: {
      ...hourOf(rows),
      ...(recent.totalHits > rows.length && { sampled: { read: rows.length, total: recent.totalHits } }),
    },
    minutes: endedPerMinute(rows),
    open: open.results.map(rowOf),
    approvals: approvals.rows,
    queues: queues.flatMap((queue) => queueRow(queue, now)),
    failures: failureCauses(rows),
  };
});

function hourOf(rows: readonly ExecutionRow[]): Omit<Overview['hour'], 'sampled'> {
  const ended = rows.filter(({ end }) => end !== undefined);
  const failed = ended.filter(({ status }) => status === 'FAILED' || status === 'TIMED_OUT').length;
  const times = ended.filter(({ status }) => status === 'COMPLETED').map(({ ms }) => ms);
  times.sort((a, b) => a - b);
  const [p50, p95] = [quantile(times, 0.5), quantile(times, 0.95)];
  return { ended: ended.length, failed, ...(p50 !== undefined && { p50 }), ...(p95 !== undefined && { p95 }) };
}

function quantile(sorted: readonly number[], part: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
}

function endedPerMinute(rows: readonly ExecutionRow[]): Overview['minutes'] {
  const minutes = new Map<number, [good: number, bad: number]>();
  for (const { end, status } of rows) {
    if (!end) continue;
    const minute = Math.floor(end / MINUTE_MS);
    const pair = minutes.get(minute) ?? [0, 0];
    pair[status === 'COMPLETED' ? 0 : 1] += 1;
    minutes.set(minute, pair);
  }
  return [...minutes].sort(([a], [b]) => a - b).map(([minute, [good, bad]]) => [minute, good, bad]);
}

/** A queue for workers that holds tasks or has been polled. The server's own queues need no worker. */
function queueRow(queue: QueueFacts, now: number): QueueRow[] {
  const { state } = judgeQueue(queue, now);
  const { taskType: type, domain, waiting, lastPoll } = queue;
  if (state === 'server' || (waiting === 0 && !lastPoll)) return [];
  return [{ id: queueNameOf(queue), type, domain, waiting, state, ...(lastPoll && { polledAt: lastPoll.at }) }];
}
