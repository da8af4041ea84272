import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { AuditLog } from '../../core/audit/audit-log.ts';
import { type AuditSearch, searchAudit } from '../../core/audit/search.ts';
import { verifyAudit } from '../../core/audit/verify.ts';
import { FleetError } from '../../core/errors.ts';
import {
  auditFolderForTest,
  auditIn,
  begin,
  DAY_MS,
  editLines,
  filesIn,
  linesOf,
  record,
  START,
} from '../support/audit-scene.ts';

/** Two processes, one after the other: the second file names the end of the first. */
function twoFiles(): { folder: string; files: string[] } {
  const folder = auditFolderForTest();
  for (const at of [START, START + 1000]) {
    const audit = auditIn(folder, () => at);
    record(audit);
    record(audit, { isChanging: true });
    audit.close();
  }
  return { folder, files: filesIn(folder) };
}

const problemsOf = async (folder: string) => (await verifyAudit(folder)).problems;

describe('the chain', () => {
  test('S6: an unchanged log has no problems', async () => {
    const { folder } = twoFiles();
    const found = await verifyAudit(folder);
    expect(found).toMatchObject({ files: 2, lines: 10, requests: 4, problems: [], torn: [], unclosed: [], inDoubt: 0 });
  });

  test('S6: any changed byte is found, also in the last line of a process that was killed', async () => {
    const folder = auditFolderForTest();
    record(auditIn(folder), { isChanging: true });
    const path = join(folder, filesIn(folder)[0] ?? '');
    const original = readFileSync(path);
    expect(await verifyAudit(folder)).toMatchObject({ problems: [], unclosed: [expect.anything()] });
    const unnoticed: number[] = [];
    for (let at = 0; at < original.length; at++) {
      const changed = Buffer.from(original);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      writeFileSync(path, changed);
      if ((await problemsOf(folder)).length === 0) unnoticed.push(at);
    }
    expect(unnoticed).toEqual([]);
  });

  test('S6: a character that UTF-8 can write in damaged ways is compared byte by byte', async () => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder);
    record(audit, { caller: { id: 'x', name: '\uFFFD', role: 'viewer', permissions: [], knownBy: 'host' } });
    audit.close();
    const path = join(folder, filesIn(folder)[0] ?? '');
    const bytes = readFileSync(path);
    bytes[bytes.indexOf(Buffer.from('\uFFFD'))] = 0xf0;
    writeFileSync(path, bytes);
    expect(await problemsOf(folder)).toMatchObject([{ line: 2 }]);
  });

  test('S6: a removed, added, swapped or repeated line is found', async () => {
    const edits: Record<string, (lines: string[]) => string[]> = {
      'the first line': (lines) => lines.slice(1),
      'a line in the middle': (lines) => lines.toSpliced(2, 1),
      'the closing line': (lines) => lines.slice(0, -1),
      'all lines': () => [],
      repeated: (lines) => lines.toSpliced(2, 0, lines[1] ?? ''),
      swapped: ([first = '', second = '', third = '', ...rest]) => [first, third, second, ...rest],
      added: (lines) => [...lines, lines.at(-1) ?? ''],
    };
    for (const [what, edit] of Object.entries(edits)) {
      const { folder, files } = twoFiles();
      editLines(folder, files[0] ?? '', edit);
      expect(await problemsOf(folder), what).not.toEqual([]);
    }
  });

  test('S6: a removed, renamed or copied file is found', async () => {
    const [removed, renamed, copied] = [twoFiles(), twoFiles(), twoFiles()];
    rmSync(join(removed.folder, removed.files[0] ?? ''));
    expect(await problemsOf(removed.folder)).toMatchObject([{ file: removed.files[0], what: /^The file is missing/ }]);
    const path = join(renamed.folder, renamed.files[1] ?? '');
    renameSync(path, path.replace('~1.jsonl', '~2.jsonl'));
    expect(await problemsOf(renamed.folder)).toMatchObject([{ line: 1, what: /was renamed/ }]);
    const first = join(copied.folder, copied.files[0] ?? '');
    copyFileSync(first, first.replace('~1.jsonl', '~2.jsonl'));
    expect(await problemsOf(copied.folder)).toMatchObject([{ line: 1, what: /was renamed/ }]);
  });

  test('S6: an earlier verification proves that the newest lines are still there', async () => {
    const { folder, files } = twoFiles();
    const { ends } = await verifyAudit(folder);
    editLines(folder, files[1] ?? '', (lines) => lines.slice(0, -2));
    expect(await problemsOf(folder)).toEqual([]); // no later file has seen these lines
    const { problems } = await verifyAudit(folder, { known: ends });
    expect(problems).toMatchObject([
      { file: files[1], what: /^Lines are missing at the end.*an earlier verification/ },
    ]);
  });

  test('S6: a line that was cut off by a killed process is reported as incomplete, and nothing else is', async () => {
    const { folder, files } = twoFiles();
    const path = join(folder, files[1] ?? '');
    const whole = readFileSync(path);
    const lastLine = whole.lastIndexOf('\n', -2) + 1;
    for (let length = lastLine + 1; length < whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length));
      const { problems, torn } = await verifyAudit(folder);
      expect({ length, problems, torn }).toEqual({ length, problems: [], torn: [{ file: files[1], line: 5 }] });
    }
  });
});

describe('files', () => {
  test('S6: a day and a size end a file; the next one names its end', async () => {
    const folder = auditFolderForTest();
    let now = START;
    const log = new AuditLog({ folder, keptDays: 90, maxFileBytes: 1000, clock: () => now });
    const lost = () => log.write({ kind: 'lost', at: log.time, requests: 1 });
    lost();
    now += DAY_MS;
    for (let i = 0; i < 20; i++) lost();
    log.close();
    const files = filesIn(folder);
    expect(files.map((file) => file.slice(0, 10))).toEqual(['2026-11-30', ...files.slice(1).fill('2026-12-01')]);
    expect(files.length).toBeGreaterThan(3);
    expect(await verifyAudit(folder)).toMatchObject({ problems: [], unclosed: [], lost: 21 });
    const [, second = ''] = files;
    expect(JSON.parse(linesOf(folder, second)[0] ?? '')).toMatchObject({ previous: { file: files[0] }, seen: [] });
  });

  test('S6: files that are older than MCP_AUDIT_DAYS are removed, and verify knows that', async () => {
    const folder = auditFolderForTest();
    let now = START;
    const audit = auditIn(folder, () => now, { mcpAuditDays: 3 });
    for (let day = 0; day < 10; day++) {
      record(audit);
      now += DAY_MS;
    }
    expect(filesIn(folder).map((file) => file.slice(8, 10))).toEqual(['06', '07', '08', '09']);
    expect(await problemsOf(folder)).toEqual([]);
    rmSync(join(folder, filesIn(folder)[1] ?? ''));
    expect(await problemsOf(folder)).toMatchObject([{ what: /^The file is missing/ }]);
  });

  test('S6: only the user of the server can read the files', () => {
    const umask = process.umask(0);
    try {
      const { folder, files } = twoFiles();
      expect((statSync(folder).mode & 0o777).toString(8)).toBe('700');
      for (const file of files) expect((statSync(join(folder, file)).mode & 0o777).toString(8)).toBe('600');
    } finally {
      process.umask(umask);
    }
  });

  test('S6: if another program removes the file, the log continues in a new one, and verify reports it', async () => {
    const folder = auditFolderForTest();
    let now = START;
    const audit = auditIn(folder, () => now);
    record(audit);
    const [removed = ''] = filesIn(folder);
    rmSync(folder, { recursive: true });
    now += 3000;
    record(audit);
    audit.close();
    expect(await problemsOf(folder)).toMatchObject([{ file: removed, what: /^The file is missing/ }]);
  });

  test('S6: without MCP_AUDIT there is no folder', async () => {
    const folder = auditFolderForTest();
    expect(existsSync(folder)).toBe(false);
    await expect(verifyAudit(folder)).rejects.toMatchObject({ code: 'not-found', remedy: /--audit-dir/ });
  });

  test('S6: a server whose folder cannot be created does not start', () => {
    const folder = join(import.meta.filename, 'audit'); // a file cannot contain a folder
    expect(() => auditIn(folder)).toThrow(
      expect.objectContaining({ code: 'environment', remedy: expect.stringMatching(/MCP_AUDIT_DIR/) }),
    );
  });

  test('S6: if the folder becomes unusable, a change is refused and a read gets no result', () => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    const refusal = expect.objectContaining({ code: 'environment', remedy: expect.stringMatching(/MCP_AUDIT_DIR/) });
    expect(() => begin(audit, { isChanging: true })).toThrow(refusal);
    expect(() => record(audit)).toThrow(refusal);
    expect(() => begin(audit).refused(new FleetError('denied', 'no'))).not.toThrow();
  });

  test('S6: with MCP_AUDIT_SYNC, a change begins when the disk has its record', async () => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder, () => START, { mcpAuditSync: true });
    const reading = begin(audit);
    const changing = begin(audit, { isChanging: true });
    expect(reading).not.toBeInstanceOf(Promise);
    expect(changing).toBeInstanceOf(Promise);
    (await changing).ended({ result: {} });
    expect(await verifyAudit(folder)).toMatchObject({ requests: 1, inDoubt: 0 });
  });
});

describe('records', () => {
  const find = (folder: string, search: Partial<AuditSearch> = {}) => searchAudit(folder, { limit: 100, ...search });

  test('S6: a change has a record before it is carried out, and its outcome afterwards', async () => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder);
    const change = begin(audit, { subject: 'execute_workflow', args: { workflowName: 'orders' }, isChanging: true });
    expect(await find(folder)).toMatchObject({ requests: [{ subject: 'execute_workflow' }] });
    expect((await find(folder)).requests[0]).not.toHaveProperty('decision');
    expect(await verifyAudit(folder)).toMatchObject({ problems: [], inDoubt: 1 });
    change.ended({ result: { structuredContent: { executionId: 'exec-9' } } });
    expect(await find(folder)).toMatchObject({
      requests: [{ decision: 'allowed', outcome: 'ok', executionId: 'exec-9' }],
    });
    expect(await verifyAudit(folder)).toMatchObject({ problems: [], inDoubt: 0 });
  });

  test.each([
    [new FleetError('denied', 'no'), 'permission', 'denied'],
    [new FleetError('denied', 'no', { retryable: true }), 'limit', 'denied'],
    [new FleetError('not-found', 'no'), 'not-found', 'not-found'],
    [new FleetError('input', 'no'), 'invalid', 'input'],
    [new FleetError('upstream', 'no'), 'failed', 'upstream'],
    [new Error('no'), 'failed', 'internal'],
  ] as const)('S6: a refused request is recorded: %s', async (error, decision, code) => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder);
    begin(audit).refused(error, 'rule-1');
    begin(audit, { isChanging: true }).refused(error, 'rule-1');
    const { requests } = await find(folder, { decision: 'refused' });
    expect(requests).toHaveLength(2);
    for (const request of requests) expect(request).toMatchObject({ decision, code, rule: 'rule-1' });
    expect(requests[0]).not.toHaveProperty('outcome');
  });

  test('S6: an error, a cancelled request and a denial by the handler are recorded as such', async () => {
    const folder = auditFolderForTest();
    const audit = auditIn(folder);
    const end = (error: unknown) => begin(audit).ended({ error });
    end(new FleetError('conflict', 'secret text'));
    end(new FleetError('cancelled', 'secret text'));
    end(new FleetError('denied', 'secret text'));
    const shown = ({ decision, outcome, code }: Record<string, unknown>) => [decision, outcome, code];
    const { requests } = await find(folder);
    expect(requests.map((request) => shown({ ...request })).sort()).toEqual([
      ['allowed', 'cancelled', 'cancelled'],
      ['allowed', 'error', 'conflict'],
      ['permission', undefined, 'denied'],
    ]);
    expect(linesOf(folder).join()).not.toContain('secret text');
  });

  test('S6: requests are found by time, caller, tool, method, decision and execution', async () => {
    const folder = auditFolderForTest();
    let now = START;
    const audit = auditIn(folder, () => now);
    record(audit);
    now += DAY_MS;
    record(audit, {
      caller: { id: 'iss#1', name: 'bob', role: 'viewer', permissions: [], knownBy: 'token', team: 'red' },
    });
    record(audit, { method: 'resources/read', subject: 'conductor://executions/exec-7', args: {} });
    record(audit, { subject: 'terminate_workflow', args: { executionIds: ['exec-2', 'exec-3'] }, isChanging: true });
    const subjects = async (search: Partial<AuditSearch>) => (await find(folder, search)).requests.length;
    expect(await subjects({})).toBe(4);
    expect(await subjects({ since: START + 1000 })).toBe(3);
    expect(await subjects({ caller: 'bob' })).toBe(1);
    expect(await subjects({ caller: 'iss#1' })).toBe(1);
    expect(await subjects({ tool: 'get_execution_status' })).toBe(2);
    expect(await subjects({ tool: 'resources/read' })).toBe(1);
    expect(await subjects({ decision: 'allowed' })).toBe(4);
    expect(await subjects({ decision: 'refused' })).toBe(0);
    expect(await subjects({ executionId: 'exec-3' })).toBe(1);
    expect(await subjects({ executionId: 'exec-7' })).toBe(1);
    const { requests } = await find(folder, { limit: 2 });
    expect(requests.map(({ at }) => at)).toEqual(Array(2).fill(new Date(now).toISOString()));
  });

  test('S6: an unreadable line is counted, and the others are found', async () => {
    const { folder, files } = twoFiles();
    editLines(folder, files[0] ?? '', (lines) => lines.with(1, '{"hash":'));
    expect(await find(folder)).toMatchObject({ requests: { length: 3 }, unreadable: 1 });
  });
});
