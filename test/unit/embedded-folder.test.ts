import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { choosePort } from '../../core/conductor/embedded/choose-port.ts';
import { createFolder, dataFolder, prepareFiles } from '../../core/conductor/embedded/data-folder.ts';
import { withLock } from '../../core/conductor/embedded/file-lock.ts';
import { follow, lastLines } from '../../core/conductor/embedded/log-file.ts';
import { readOnlyFolder } from '../support/read-only-folder.ts';

const temporary = mkdtempSync(join(tmpdir(), 'fleet-folder-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

function newFolder() {
  const notes: string[] = [];
  const folder = dataFolder(mkdtempSync(join(temporary, 'f-')));
  return {
    folder,
    notes,
    prepare: (fresh = false) => prepareFiles(folder, { fresh, note: (line) => notes.push(line) }),
  };
}

function writeDatabase(file: string): void {
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE kept (text TEXT); INSERT INTO kept VALUES (hex(zeroblob(20000)))');
  database.close();
}

describe('a data folder', () => {
  it('a missing data folder is created', () => {
    const folder = dataFolder(join(mkdtempSync(join(temporary, 'f-')), 'a', 'b'));
    createFolder(folder);
    expect(statSync(folder.path).isDirectory()).toBe(true);
  });

  it('if the data folder cannot be created, the error says how to fix it', () => {
    const file = join(mkdtempSync(join(temporary, 'f-')), 'file');
    writeFileSync(file, '');
    expect(() => createFolder(dataFolder(file))).toThrow(/Cannot write to the data folder .*file/);
    expect(() => createFolder(dataFolder('/tmp/what?'))).toThrow(/question mark/);
  });

  it('N11: below a read-only folder, the error names that folder and the cause', ({ skip }) => {
    const readOnly = readOnlyFolder();
    if (!readOnly) return skip('this root user may not mount');
    try {
      const data = dataFolder(join(readOnly.path, 'some/data'));
      expect(() => createFolder(data)).toThrow(
        new RegExp(
          `data folder ${data.path}: (EROFS: read-only file system|EACCES: .*), mkdir '${readOnly.path}/some'`,
        ),
      );
    } finally {
      readOnly.remove();
    }
  });

  it.runIf(process.platform === 'linux')('N11: a folder that the kernel refuses does not hang the command', () => {
    expect(() => createFolder(dataFolder('/proc/none/data'))).toThrow(/Cannot write to the data folder/);
  });

  it('after a crash, a temporary file is removed and an empty database file is accepted', () => {
    const { folder, notes, prepare } = newFolder();
    writeFileSync(folder.database, '');
    writeFileSync(`${folder.record}.123.tmp`, '{"ki');
    prepare();
    expect(readdirSync(folder.path)).toEqual(['conductor.db']);
    expect(notes).toEqual([]);
  });

  it('a journal without a database is kept under another name, and the note says where', () => {
    const { folder, notes, prepare } = newFolder();
    writeFileSync(`${folder.database}-wal`, 'the only copy');
    prepare();
    const [kept] = readdirSync(folder.path);
    expect(readFileSync(join(folder.path, kept ?? ''), 'utf8')).toBe('the only copy');
    expect(notes).toEqual([expect.stringContaining(kept ?? 'nothing')]);
  });

  it('if the database file is not a database, the start fails and does not change the file', () => {
    const { folder, prepare } = newFolder();
    writeFileSync(folder.database, 'my diary, one page');
    expect(() => prepare()).toThrow(/conductor\.db is not a SQLite database/);
    expect(readFileSync(folder.database, 'utf8')).toBe('my diary, one page');
  });

  it('if the database is truncated, the start fails and does not change the file', () => {
    const { folder, prepare } = newFolder();
    writeDatabase(folder.database);
    const half = Math.floor(statSync(folder.database).size / 2);
    truncateSync(folder.database, half);
    expect(() => prepare()).toThrow(/cannot be opened/);
    expect(statSync(folder.database).size).toBe(half);
  });

  it('the database is kept, and deleted only with --fresh', () => {
    const { folder, notes, prepare } = newFolder();
    writeDatabase(folder.database);
    prepare();
    expect(existsSync(folder.database)).toBe(true);
    prepare(true);
    expect(existsSync(folder.database)).toBe(false);
    expect(notes).toEqual([`Starting empty: removed ${folder.database}.`]);
  });

  it('a large log is renamed before a new log begins', () => {
    const { folder, prepare } = newFolder();
    writeFileSync(folder.log, Buffer.alloc(11 * 1024 * 1024));
    prepare();
    expect(existsSync(folder.log)).toBe(false);
    expect(existsSync(`${folder.log}.1`)).toBe(true);
  });
});

describe('the lock of a data folder', () => {
  const { signal } = new AbortController();

  it('the lock lets functions run one after the other', async () => {
    const { lock } = newFolder().folder;
    const order: string[] = [];
    const { promise: held, resolve: release } = Promise.withResolvers<void>();
    const first = withLock(lock, '', { note: () => undefined, signal }, async () => {
      order.push('first in');
      await held;
      order.push('first out');
    });
    const second = withLock(
      lock,
      'waiting',
      { note: () => release(), signal },
      async () => void order.push('second in'),
    );
    await Promise.all([first, second]);
    expect(order).toEqual(['first in', 'first out', 'second in']);
  });

  it('the lock is released if the function throws', async () => {
    const { lock } = newFolder().folder;
    const progress = { note: () => undefined, signal };
    await expect(withLock(lock, '', progress, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(lock, '', progress, async () => 'mine')).toBe('mine');
  });

  it('a lock file with unexpected content does not block the lock', async () => {
    const { lock } = newFolder().folder;
    writeFileSync(lock, 'not a lock at all');
    expect(await withLock(lock, '', { note: () => undefined, signal }, async () => 'mine')).toBe('mine');
  });

  it('an interruption ends the wait for the lock', async () => {
    const { lock } = newFolder().folder;
    const aborting = new AbortController();
    const progress = { note: () => undefined, signal };
    await withLock(lock, '', progress, async () => {
      const waiting = { note: () => aborting.abort(), signal: aborting.signal };
      await expect(withLock(lock, '', waiting, async () => 'never')).rejects.toMatchObject({ code: 'cancelled' });
    });
  });
});

describe('the port', () => {
  it('a port that the user set must be free; without a setting, the next free port is used', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    await expect(choosePort(taken)).rejects.toMatchObject({
      code: 'environment',
      message: `Port ${taken} is taken: another program listens on it.`,
    });
    expect(await choosePort(undefined, taken)).toBeGreaterThan(taken);
    server.close();
  });
});

describe('the log', () => {
  it('lastLines returns the last lines of the log', async () => {
    const { folder } = newFolder();
    expect(await lastLines(folder.log, 2)).toEqual({ lines: [], unfinished: '', end: 0 });
    writeFileSync(folder.log, 'a\nb\nc\n');
    expect(await lastLines(folder.log, 2)).toEqual({ lines: ['b', 'c'], unfinished: '', end: 6 });
    writeFileSync(folder.log, 'a\nb\nc\nhal');
    expect(await lastLines(folder.log, 2)).toEqual({ lines: ['b', 'c'], unfinished: 'hal', end: 6 });
  });

  it('follow reads the log from an offset, and continues when a new file has replaced it', async () => {
    const { folder } = newFolder();
    writeFileSync(folder.log, 'before\ngrüße\n');
    const ending = new AbortController();
    const seen: string[] = [];
    await follow(folder.log, 'before\n'.length, ending.signal, (line) => {
      seen.push(line);
      if (seen.length === 1) writeFileSync(folder.log, 'replaced\n');
      else ending.abort();
    });
    expect(seen).toEqual(['grüße', 'replaced']);
  });
});
