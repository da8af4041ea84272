import { z } from 'zod';
import { defineTopic } from '../server/define-topic.ts';
import { readApprovals } from '../server/reading/approvals.ts';
import type { ApprovalList } from '../shared/approval-detail.ts';

export default defineTopic({
  name: 'approvals',
  permission: 'tasks:read',
  sameAs: ['list_pending_approvals'],
  params: z.object({}),
  everyMs: () => 3000,
}).reader(async (_params, context): Promise<ApprovalList & Record<string, unknown>> => {
  const { rows, more } = await readApprovals(context);
  return { rows, more };
});
