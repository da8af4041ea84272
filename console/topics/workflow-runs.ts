import { z } from 'zod';
import { defineTopic } from '../server/define-topic.ts';
import { rowOf } from '../server/reading/rows.ts';
import type { WorkflowRuns } from '../shared/definition-detail.ts';

const RUNS_SHOWN = 20;
/** The server cannot quote a value in a query. For a name with other characters, the newest executions are searched for it here. */
const PLAIN_NAME = /^[\w.:-]+$/;
const READ = 500;

export default defineTopic<{ name: string }>({
  name: 'workflow-runs',
  permission: 'executions:read',
  sameAs: ['list_workflow_executions'],
  params: z.object({ name: z.string().min(1).max(255) }),
  everyMs: () => 2000,
}).reader(async ({ name }, { conductor }): Promise<WorkflowRuns & Record<string, unknown>> => {
  if (PLAIN_NAME.test(name)) {
    const { results, totalHits } = await conductor.searchExecutions({
      query: `workflowType=${name}`,
      size: RUNS_SHOWN,
    });
    return { total: totalHits, rows: results.map(rowOf) };
  }
  const { results } = await conductor.searchExecutions({ size: READ });
  const own = results.filter(({ workflowType }) => workflowType === name);
  return { total: own.length, rows: own.slice(0, RUNS_SHOWN).map(rowOf) };
});
