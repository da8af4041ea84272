import { z } from 'zod';
import { positive, type Setting } from './setting.ts';

export const auditSettings = {
  mcpAudit: {
    kind: 'boolean',
    schema: z.boolean().default(true),
    group: 'audit',
    env: 'MCP_AUDIT',
    flag: '--audit <on|off>',
    description:
      'Record every request of MCP clients: who asked for what, whether it was allowed, and what became of it. `fleet audit` searches the records.',
  },
  mcpAuditDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'audit',
    env: 'MCP_AUDIT_DIR',
    flag: '--audit-dir <folder>',
    description:
      'Folder of the audit log. Several MCP servers on one machine can share it. Unset: `audit` in the data folder (`FLEET_DIR`). In a folder that is not a project and has no data folder: `conductor-fleet/audit` among the state of your user account (Linux: `~/.local/state`). If the folder cannot be created, a server over stdio warns and records nothing, and a server over HTTP does not start.',
  },
  mcpAuditDays: {
    kind: 'number',
    schema: positive.max(36_500).default(90),
    group: 'audit',
    env: 'MCP_AUDIT_DAYS',
    flag: '--audit-days <n>',
    description: 'Number of days after which a file of the audit log is removed.',
  },
  mcpAuditSync: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'audit',
    env: 'MCP_AUDIT_SYNC',
    flag: '--audit-sync',
    description:
      'Before a call that may change something, wait until the disk has its record. Then not even a power failure loses the record. Each of these calls takes some milliseconds longer.',
  },
} as const satisfies Record<string, Setting>;
