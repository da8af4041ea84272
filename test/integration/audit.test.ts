import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import auditCommand from '../../cli/commands/audit.ts';
import { FleetError } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import { auditFolderForTest, auditIn, begin, editLines, filesIn, record, START } from '../support/audit-scene.ts';
import { root, runFleetCommand } from '../support/product.ts';
import { mountMemory } from '../support/read-only-folder.ts';
import { runCommand } from '../support/run-command.ts';

/** A process that records calls until it is killed. */
interface Burst {
  /** The number of the last call that has ended. */
  ended(): number;
  kill(): Promise<void>;
}

function startBurst(folder: string): Burst {
  const program = join(root, 'test/support/audit-programs/burst.ts');
  const counter = join(dirname(folder), randomUUID());
  const child = spawn(process.execPath, [program, folder, counter], { stdio: ['ignore', 'inherit', 'inherit'] });
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    ended: () => (existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0),
    async kill() {
      expect(child.exitCode).toBeNull();
      child.kill('SIGKILL');
      await closed;
    },
  };
}

const audit = (folder: string, ...args: string[]) => runFleetCommand(['audit', ...args], { MCP_AUDIT_DIR: folder });

/** Runs `fleet audit` in this process. */
const auditHere = (folder: string, ...args: string[]) =>
  runCommand(auditCommand, args, { settings: { mcpAuditDir: folder } });

describe('kill -9', () => {
  test('S6: three processes are killed while they write: each call that has ended is in the log, and the log verifies', async () => {
    const folder = auditFolderForTest();
    let completed = 0;
    for (let round = 1; round <= 4; round++) {
      const bursts = [startBurst(folder), startBurst(folder), startBurst(folder)];
      await expect.poll(() => bursts.every((burst) => burst.ended() > 20)).toBe(true);
      await pause(Math.random() * 50);
      await Promise.all(bursts.map((burst) => burst.kill()));
      completed += bursts.reduce((sum, burst) => sum + burst.ended(), 0);
      const found = await auditHere(folder, '--limit', '100000', '--decision', 'allowed', '--json');
      const records = found.stdout.split('\n').length;
      expect(records).toBeGreaterThanOrEqual(completed);
      // Each process can have recorded one more call, whose number it had not printed yet.
      expect(records).toBeLessThanOrEqual(completed + 3 * round);
    }
    expect(await audit(folder, 'verify')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^No line was changed or removed: \d+ requests in 12 files\.\n12 files without a/m),
    });
    const file = filesIn(folder)[5] ?? '';
    const bytes = readFileSync(join(folder, file));
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(join(folder, file), bytes);
    expect(await audit(folder, 'verify')).toMatchObject({ code: 1, stdout: expect.stringContaining(`${file}, line `) });
  });
});

describe('a full disk', () => {
  /** Fills the disk until only `left` bytes are free. */
  function fill(path: string, left: number): void {
    const { bavail, bsize } = statfsSync(path);
    writeFileSync(join(path, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - left)));
  }

  test('S6: changes are refused first, then every result; nothing is half-written, and all continues with space', async ({
    skip,
  }) => {
    const disk = mountMemory('size=2m');
    if (!disk) return skip('only a root user who may mount can make a full disk');
    onTestFinished(() => disk.remove());
    const folder = join(disk.path, 'audit');
    let now = START;
    const log = auditIn(folder, () => now);
    const running = begin(log, { isChanging: true });
    fill(disk.path, 90_000);
    now += 3000;
    const shortage = expect.objectContaining({
      code: 'environment',
      retryable: true,
      message: expect.stringMatching(
        /^Only 0\.1 MB are free on the disk of .*only answers requests that change nothing/,
      ),
      remedy: expect.stringMatching(/free space on this disk/),
    });
    expect(() => begin(log, { isChanging: true })).toThrow(shortage);
    record(log);

    const answered: number[] = [];
    const noSpace = expect.objectContaining({ code: 'environment', message: expect.stringMatching(/no space left/i) });
    expect(() => {
      for (let call = 0; call < 2000; call++) {
        record(log);
        answered.push(call);
      }
    }).toThrow(noSpace);
    begin(log).refused(new Error('no'));
    running.ended({ result: {} }); // the change is done, so its caller must learn that
    const [file = ''] = filesIn(folder);
    expect(readFileSync(join(folder, file)).at(-1)).toBe(10);
    expect(await auditHere(folder, 'verify')).toMatchObject({ code: 0 });

    rmSync(join(disk.path, 'filler'));
    now += 3000;
    record(log, { isChanging: true });
    log.close();
    const { stdout, code } = await auditHere(folder, 'verify');
    expect({ stdout, code }).toEqual({
      code: 0,
      stdout: [
        `No line was changed or removed: ${answered.length + 3} requests in 1 file.`,
        '1 request could not be recorded, because the disk was full. Unrecorded requests changed nothing.',
      ].join('\n'),
    });
  });

  test('S6: on a disk that is full from the start, no empty file is left', ({ skip }) => {
    const disk = mountMemory('size=1m');
    if (!disk) return skip('only a root user who may mount can make a full disk');
    onTestFinished(() => disk.remove());
    const folder = join(disk.path, 'audit');
    const log = auditIn(folder);
    fill(disk.path, 0);
    expect(() => record(log)).toThrow(/no space left/i);
    expect(() => begin(log, { isChanging: true })).toThrow(/Only 0\.0 MB are free/);
    expect(filesIn(folder)).toEqual([]);
  });
});

describe('fleet audit', () => {
  test('S6: shows the newest requests first, as a table or as JSON, and says what it did not find', async () => {
    const folder = auditFolderForTest();
    const log = auditIn(folder, Date.now);
    record(log, { args: { executionId: 'exec-1' } });
    begin(log, {
      subject: 'execute_workflow',
      args: { workflowName: 'orders', input: { a: 1 } },
      isChanging: true,
    }).ended({
      result: { structuredContent: { executionId: 'exec-2' } },
    });
    begin(log, { subject: 'delete_workflow', args: { name: 'orders', version: 1 } }).refused(
      new FleetError('denied', 'no'),
      'team',
    );
    log.close();
    const table = await audit(folder);
    expect(table).toMatchObject({ code: 0, stderr: expect.stringContaining(`3 requests found in ${folder}.`) });
    const rows = table.stdout
      .trimEnd()
      .split('\n')
      .map((row) => row.split(/ {2,}/).slice(1));
    expect(rows).toEqual([
      ['CALLER', 'FROM', 'REQUEST', 'ARGUMENTS', 'RESULT', 'EXECUTION', 'TOOK'],
      [
        'ada (operator)',
        '127.0.0.1',
        'delete_workflow',
        'name=orders version=1',
        'refused: permission (team)',
        '-',
        '0 ms',
      ],
      [
        'ada (operator)',
        '127.0.0.1',
        'execute_workflow',
        'workflowName=orders input=<object of 1>',
        'ok',
        'exec-2',
        '0 ms',
      ],
      ['ada (operator)', '127.0.0.1', 'get_execution_status', 'executionId=exec-1', 'ok', 'exec-1', '0 ms'],
    ]);
    const json = await audit(folder, '--execution', 'exec-2', '--since', '1h', '--caller', 'ada', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ subject: 'execute_workflow', decision: 'allowed', outcome: 'ok' });
    expect(await audit(folder, '--decision', 'limit')).toMatchObject({ stdout: '', stderr: /0 requests found/ });
  });

  test('S6: verify says which file and line differ, and remembers ends in a file', async () => {
    const folder = auditFolderForTest();
    const log = auditIn(folder);
    record(log);
    record(log);
    log.close();
    const { stdout } = await auditHere(folder, 'verify', '--json');
    const known = join(folder, '..', 'known.json');
    writeFileSync(known, stdout);
    const [file = ''] = filesIn(folder);
    editLines(folder, file, (lines) => lines.slice(0, -1));
    expect(await auditHere(folder, 'verify')).toMatchObject({ code: 0 });
    expect(await auditHere(folder, 'verify', '--known', known)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^2026\S+, line 3: Lines are missing at the end/),
    });
    editLines(folder, file, (lines) => lines.toSpliced(1, 1));
    expect(await auditHere(folder, 'verify')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^2026\S+, line 2: The line was changed, or a line before/),
    });
  });

  test('S6: an action refuses the flags of the other one, a wrong file and a missing folder', async () => {
    const folder = auditFolderForTest();
    await expect(auditHere(folder)).rejects.toMatchObject({
      code: 'not-found',
      message: `There is no audit log in ${folder}.`,
    });
    await expect(auditHere(import.meta.filename)).rejects.toMatchObject({
      code: 'environment',
      message: expect.stringMatching(/cannot be read: ENOTDIR/),
    });
    await expect(auditHere(folder, 'verify', '--limit', '2')).rejects.toMatchObject({
      code: 'input',
      message: /--limit/,
    });
    await expect(auditHere(folder, '--known', 'x')).rejects.toMatchObject({ code: 'input', message: /--known/ });
    const known = join(root, 'package.json');
    await expect(auditHere(folder, 'verify', '--known', known)).rejects.toMatchObject({ code: 'input' });
  });
});
