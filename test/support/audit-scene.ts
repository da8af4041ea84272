import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '../../core/log.ts';
import {
  type Audit,
  type AuditEntry,
  type AuditedRequest,
  type AuditOptions,
  createAudit,
} from '../../mcp/admission/audit.ts';
import { callerOf } from '../../mcp/admission/permissions.ts';

export const START = Date.parse('2026-11-30T12:00:00Z');
export const DAY_MS = 86_400_000;

/** A folder for audit logs, which does not exist yet. */
export function auditFolderForTest(): string {
  return join(mkdtempSync(join(tmpdir(), 'audit-')), 'audit');
}

/** An audit that writes into a folder. */
export function auditIn(
  folder: string,
  clock: () => number = () => START,
  settings: Partial<AuditOptions['config']> = {},
): Audit {
  const config = {
    mcpAudit: true,
    mcpAuditDir: folder,
    mcpAuditDays: 90,
    mcpAuditSync: false,
    dataDir: 'not-used',
    ...settings,
  };
  return createAudit({ config, log: silentLogger, now: () => 0, clock });
}

const REQUEST: AuditedRequest = {
  id: 'abcd1234',
  caller: callerOf('operator', 'ada'),
  method: 'tools/call',
  subject: 'get_execution_status',
  args: { executionId: 'exec-1' },
  isChanging: false,
  peer: { transport: 'http', era: 'modern', address: '127.0.0.1' },
};

/** Begins the record of a request. Without other values, it reads an execution. */
export function begin(audit: Audit, request: Partial<AuditedRequest> = {}): AuditEntry {
  return audit.begin({ ...REQUEST, ...request }) as AuditEntry; // a promise only with MCP_AUDIT_SYNC
}

/** Records a request that succeeds. */
export function record(audit: Audit, request: Partial<AuditedRequest> = {}): void {
  begin(audit, request).ended({ result: {} });
}

export const filesIn = (folder: string) => readdirSync(folder).sort();
export const linesOf = (folder: string, file = filesIn(folder)[0] ?? '') =>
  readFileSync(join(folder, file), 'utf8').split('\n').slice(0, -1);

/** Changes the lines of a file. */
export function editLines(folder: string, file: string, edit: (lines: string[]) => string[]): void {
  const text = edit(linesOf(folder, file)).map((line) => `${line}\n`);
  writeFileSync(join(folder, file), text.join(''));
}
