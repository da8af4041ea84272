import { z } from 'zod';
import { workflowStatuses } from '../../core/conductor/types.ts';
import { defineTopic } from '../server/define-topic.ts';
import { countByStatus, rowOf } from '../server/reading/rows.ts';
import type { ExecutionList, ExecutionRow } from '../shared/execution-row.ts';

const SIZE = 200;
const statuses: readonly string[] = workflowStatuses;

export default defineTopic({
  name: 'executions',
  permission: 'executions:read',
  sameAs: ['list_workflow_executions'],
  params: z.object({
    status: z
      .string()
      .refine((list) => list.split(',').every((one) => statuses.includes(one)), 'must name statuses')
      .optional(),
    q: z.string().max(200).optional(),
  }),
  everyMs: () => 1000,
}).reader(async ({ status, q = '' }, { conductor, keep }): Promise<ExecutionList & Record<string, unknown>> => {
  // The server finds one text. The other words choose among its rows.
  const [longest, ...others] = q
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .sort((a, b) => b.length - a.length);
  const search = {
    size: SIZE,
    ...(status && { query: `status IN (${status})` }),
    ...(longest && { freeText: longest }),
  };
  const [{ results, totalHits }, counts] = await Promise.all([
    conductor.searchExecutions(search),
    keep(`counts ${longest ?? ''}`, 10_000, () => countByStatus(conductor, longest)),
  ]);
  const rows = results.map(rowOf).filter((row) => others.every((word) => textOf(row).includes(word)));
  return { total: others.length > 0 ? rows.length : totalHits, rows, counts };
});

function textOf({ workflow, correlation, id, reason, ref }: ExecutionRow): string {
  return [workflow, correlation, id, reason, ref].join(' ').toLowerCase();
}
