import { z } from 'zod';
import { verifyAudit } from '../../core/audit/verify.ts';
import { reportOf } from '../../core/audit/verify-report.ts';
import { defineTopic } from '../server/define-topic.ts';
import { auditFolderOf, hasAudit } from '../server/reading/audit-log.ts';
import type { AuditVerified } from '../shared/audit.ts';

export default defineTopic({
  name: 'audit-verify',
  permission: 'workflows:write',
  sameAs: [],
  params: z.object({}),
  isInUse: hasAudit,
}).reader(async (_params, context): Promise<AuditVerified & Record<string, unknown>> => {
  const folder = auditFolderOf(context);
  const verified = await verifyAudit(folder, { signal: context.signal });
  const { problems, torn, facts } = reportOf(verified);
  const { files, lines, requests } = verified;
  return { folder, files, lines, requests, problems, notes: [...torn, ...facts] };
});
