import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { FleetError, messageOf } from '../../errors.ts';

const HEADER = 'SQLite format 3\0';

/**
 * Checks that a server can start on this SQLite file. If the file is missing or empty, the server will create a new database. A journal
 * without its database is renamed and kept.
 * @throws FleetError `environment` if the file is not a database, is damaged, or cannot be written to
 */
export function checkDatabase(file: string, note: (line: string) => void): void {
  if (sizeOf(file) === 0) {
    putJournalAside(file, note);
    return;
  }
  try {
    accessSync(file, constants.W_OK);
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to the database ${file}: ${messageOf(cause)}.`, {
      remedy: 'Make the file writable for this user, or name another data folder with --data-dir (FLEET_DIR).',
      cause,
    });
  }
  if (firstBytes(file, HEADER.length) !== HEADER) throw unusable(file, 'is not a SQLite database');
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    try {
      database.prepare('SELECT count(*) FROM sqlite_master').get();
    } finally {
      database.close();
    }
  } catch (cause) {
    throw unusable(file, `cannot be opened (${messageOf(cause)})`, cause);
  }
}

/** Renames a journal whose database is missing. The journal may hold the only copy of the data, and SQLite would delete it. */
function putJournalAside(file: string, note: (line: string) => void): void {
  rmSync(`${file}-shm`, { force: true });
  const journal = `${file}-wal`;
  if (sizeOf(journal) === 0) return;
  const aside = `${journal}.${new Date().toISOString().replaceAll(':', '-')}`;
  renameSync(journal, aside);
  note(`The database of ${journal} is missing; the journal is kept as ${aside}.`);
}

function unusable(file: string, why: string, cause?: unknown): FleetError {
  return new FleetError('environment', `${file} ${why}.`, {
    remedy:
      'Replace the file with a copy of the database, move the file away, or delete it with `fleet server start --fresh`.',
    cause,
  });
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}

function firstBytes(file: string, count: number): string {
  const bytes = Buffer.alloc(count);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, bytes, 0, count, 0);
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString('latin1');
}
