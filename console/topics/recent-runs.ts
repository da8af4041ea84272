import { z } from 'zod';
import { defineTopic } from '../server/define-topic.ts';
import type { RecentRuns } from '../shared/definition-detail.ts';

/** The server cannot give the last runs of each workflow, so the newest executions of all are read. */
const READ = 1000;
const RUNS_SHOWN = 20;

export default defineTopic({
  name: 'recent-runs',
  permission: 'executions:read',
  sameAs: ['list_workflow_executions'],
  params: z.object({}),
  everyMs: () => 5000,
}).reader(async (_params, { conductor, keep }): Promise<RecentRuns & Record<string, unknown>> => {
  const { results, totalHits } = await keep('newest executions', 5000, () =>
    conductor.searchExecutions({ size: READ }),
  );
  const byName = Map.groupBy(results, ({ workflowType }) => workflowType);
  const runs = [...byName].map(([name, all]) => {
    const statuses = all.slice(0, RUNS_SHOWN).map(({ status }) => status);
    return [name, statuses.reverse()] as const;
  });
  return {
    runs: Object.fromEntries(runs),
    ...(totalHits > results.length && { sampled: { read: results.length, total: totalHits } }),
  };
});
