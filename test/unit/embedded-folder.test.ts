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
  it('is created if it is missing', () => {
    const folder = dataFolder(join(mkdtempSync(join(temporary, 'f-')), 'a', 'b'));
    createFolder(folder);
    expect(statSync(folder.path).isDirectory()).toBe(true);
  });

  it('that cannot be created causes an error that says how to fix it', () => {
    const file = join(mkdtempSync(join(temporary, 'f-')), 'file');
    writeFileSync(file, '');
    expect(() => createFolder(dataFolder(file))).toThrow(/Cannot write to the data folder .*file/);
    expect(() => createFolder(dataFolder('/tmp/what?'))).toThrow(/question mark/);
  });

  it('with an empty database and other remains of a crash is cleaned up', () => {
    const { folder, notes, prepare } = newFolder();
    writeFileSync(folder.database, '');
    writeFileSync(`${folder.record}.123.tmp`, '{"ki');
    prepare();
    expect(readdirSync(folder.path)).toEqual(['conductor.db']);
    expect(notes).toEqual([]);
  });

  it('keeps a journal without a database, and reports where it is', () => {
    const { folder, notes, prepare } = newFolder();
    writeFileSync(`${folder.database}-wal`, 'the only copy');
    prepare();
    const [kept] = readdirSync(folder.path);
    expect(readFileSync(join(folder.path, kept ?? ''), 'utf8')).toBe('the only copy');
    expect(notes).toEqual([expect.stringContaining(kept ?? 'nothing')]);
  });

  it('with another file in place of the database is refused and not changed', () => {
    const { folder, prepare } = newFolder();
    writeFileSync(folder.database, 'my diary, one page');
    expect(() => prepare()).toThrow(/conductor\.db is not a SQLite database/);
    expect(readFileSync(folder.database, 'utf8')).toBe('my diary, one page');
  });

  it('with a truncated database is refused and not changed', () => {
    const { folder, prepare } = newFolder();
    writeDatabase(folder.database);
    const half = Math.floor(statSync(folder.database).size / 2);
    truncateSync(folder.database, half);
    expect(() => prepare()).toThrow(/cannot be opened/);
    expect(statSync(folder.database).size).toBe(half);
  });

  it('keeps its database, and deletes it only for --fresh', () => {
    const { folder, notes, prepare } = newFolder();
    writeDatabase(folder.database);
    prepare();
    expect(existsSync(folder.database)).toBe(true);
    prepare(true);
    expect(existsSync(folder.database)).toBe(false);
    expect(notes).toEqual([`Starting empty: removed ${folder.database}.`]);
  });

  it('begins a new log when the old log is large', () => {
    const { folder, prepare } = newFolder();
    writeFileSync(folder.log, Buffer.alloc(11 * 1024 * 1024));
    prepare();
    expect(existsSync(folder.log)).toBe(false);
    expect(existsSync(`${folder.log}.1`)).toBe(true);
  });
});

describe('the lock of a data folder', () => {
  const { signal } = new AbortController();

  it('admits one task at a time, and the next one after it', async () => {
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

  it('is released by a task that throws', async () => {
    const { lock } = newFolder().folder;
    const progress = { note: () => undefined, signal };
    await expect(withLock(lock, '', progress, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withLock(lock, '', progress, async () => 'mine')).toBe('mine');
  });

  it('is repaired if its file has unexpected content', async () => {
    const { lock } = newFolder().folder;
    writeFileSync(lock, 'not a lock at all');
    expect(await withLock(lock, '', { note: () => undefined, signal }, async () => 'mine')).toBe('mine');
  });

  it('is no longer awaited after an interruption', async () => {
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
  it('is exactly the wanted port, or the next free port', async () => {
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
  it('is read from its end', async () => {
    const { folder } = newFolder();
    expect(await lastLines(folder.log, 2)).toEqual([]);
    writeFileSync(folder.log, 'a\nb\nc\n');
    expect(await lastLines(folder.log, 2)).toEqual(['b', 'c']);
  });

  it('is followed from an offset, also after a new file has replaced it', async () => {
    const { folder } = newFolder();
    writeFileSync(folder.log, 'before\ngrüße\n');
    const ending = new AbortController();
    const seen: string[] = [];
    await follow(folder.log, 'before\n'.length, ending.signal, (text) => {
      seen.push(text);
      if (seen.length === 1) writeFileSync(folder.log, 'anew\n');
      else ending.abort();
    });
    expect(seen).toEqual(['grüße\n', 'anew\n']);
  });
});
