import { z } from 'zod';
import { refusals } from '../../core/audit/parse-line.ts';
import { type FoundRequest, searchAudit } from '../../core/audit/search.ts';
import { epochMsOf, timeOrAge } from '../../mcp/shared/times.ts';
import { defineTopic } from '../server/define-topic.ts';
import { auditFolderOf, hasAudit } from '../server/reading/audit-log.ts';
import type { AuditFound, AuditRow } from '../shared/audit.ts';

const MOST = 200;
const word = z.string().min(1).max(200).optional();

export default defineTopic({
  name: 'audit',
  permission: 'workflows:write',
  sameAs: [],
  params: z.object({
    caller: word,
    tool: word,
    decision: z.enum(['allowed', 'refused', ...refusals]).optional(),
    execution: word,
    since: timeOrAge.optional(),
  }),
  isInUse: hasAudit,
}).reader(
  async ({ caller, tool, decision, execution, since }, context): Promise<AuditFound & Record<string, unknown>> => {
    const folder = auditFolderOf(context);
    const search = {
      ...(caller !== undefined && { caller }),
      ...(tool !== undefined && { tool }),
      ...(decision !== undefined && { decision }),
      ...(execution !== undefined && { executionId: execution }),
      ...(since !== undefined && { since: epochMsOf(since, context.now) }),
      limit: MOST,
    };
    const { requests } = await searchAudit(folder, search, { signal: context.signal });
    return { rows: requests.map(rowOf), isCut: requests.length >= MOST, folder };
  },
);

function rowOf(request: FoundRequest): AuditRow {
  const { id, at, caller, from, method, subject, args, decision, rule, outcome, code, executionId, ms } = request;
  return {
    ...{ id, at: Date.parse(at), caller: caller.name, callerId: caller.id, transport: from.transport, method },
    args: args.shown,
    ...(caller.role !== undefined && { role: caller.role }),
    ...(subject !== undefined && { subject }),
    ...(decision !== undefined && { decision }),
    ...(rule !== undefined && { rule }),
    ...(outcome !== undefined && { outcome }),
    ...(code !== undefined && { code }),
    ...(executionId !== undefined && { executionId }),
    ...(ms !== undefined && { ms }),
  };
}
