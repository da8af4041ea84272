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
 * Checks that a server can start on this SQLite file, and repairs what loses nothing: a missing or empty file is a new
 * database, and a journal left without its database is put aside.
 * @throws FleetError `environment` if the file is something else, damaged, or not ours to write
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
      remedy: 'Give the file to this user, or name another data folder with --data-dir (FLEET_DIR).',
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

/** SQLite would delete it unread, and it may hold all that is left of somebody's data. */
function putJournalAside(file: string, note: (line: string) => void): void {
  rmSync(`${file}-shm`, { force: true });
  const journal = `${file}-wal`;
  if (sizeOf(journal) === 0) return;
  const aside = `${journal}.${new Date().toISOString().replaceAll(':', '-')}`;
  renameSync(journal, aside);
  note(`${journal} belongs to a database that is gone; kept it as ${aside}.`);
}

function unusable(file: string, why: string, cause?: unknown): FleetError {
  return new FleetError('environment', `${file} ${why}.`, {
    remedy:
      'Put a copy of the database in its place, move the file away, or give it up with `fleet server start --fresh`, which deletes it.',
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
