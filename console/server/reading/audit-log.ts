import { FleetError } from '../../../core/errors.ts';
import type { Topic, TopicContext } from '../define-topic.ts';

/** The audit log names requests about all workflows, so it is only for callers who reach all of them. */
export const hasAudit: NonNullable<Topic['isInUse']> = async ({ auditFolder, limits }) =>
  auditFolder !== undefined && limits.length === 0;

/** @throws FleetError `denied` for a caller who reaches only some workflows, `not-found` if requests are not recorded */
export function auditFolderOf({ auditFolder, limits }: TopicContext): string {
  if (limits.length > 0)
    throw new FleetError('denied', 'You reach only some workflows, and the audit log is about all of them.', {
      remedy: 'Ask the person who runs this server to search it: fleet audit',
    });
  if (auditFolder !== undefined) return auditFolder;
  throw new FleetError('not-found', 'This server does not record requests.', { remedy: 'Switch it on: MCP_AUDIT=on' });
}
