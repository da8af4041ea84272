import { truncateSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { FleetError, messageOf } from '../../errors.ts';
import { pause } from '../../pause.ts';
import { type Progress, throwIfCancelled } from './progress.ts';

const TRY_EVERY_MS = 200;
const REMIND_EVERY_MS = 30_000;

/** SQLite's result codes. */
const BUSY = 5;
const NOT_A_DATABASE = 26;

/**
 * Runs `task` while this process holds the lock on `file`. The lock is SQLite's own file lock. The kernel releases it when the process
 * ends, even if it is killed, so no lock stays behind.
 * @param waiting the text to note when another process holds the lock, and again every 30 s
 */
export async function withLock<T>(
  file: string,
  waiting: string,
  { note, signal }: Progress,
  task: () => Promise<T>,
): Promise<T> {
  const lock = await acquire(file, () => note(waiting), signal);
  try {
    return await task();
  } finally {
    lock.close();
  }
}

async function acquire(file: string, remind: () => void, signal: AbortSignal): Promise<DatabaseSync> {
  let nextReminder = 0;
  for (;;) {
    throwIfCancelled(signal);
    const lock = tryLock(file);
    if (lock) return lock;
    if (Date.now() >= nextReminder) {
      remind();
      nextReminder = Date.now() + REMIND_EVERY_MS;
    }
    await pause(TRY_EVERY_MS, signal);
  }
}

function tryLock(file: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file);
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    const { errcode } = cause as { errcode?: number };
    if (errcode === BUSY) return undefined;
    if (errcode === NOT_A_DATABASE) {
      truncateSync(file); // emptied and not replaced: the file holds no data, and a new file would be a second lock
      return undefined;
    }
    throw new FleetError('environment', `Cannot lock ${file}: ${messageOf(cause)}.`, {
      remedy: 'Make the data folder writable, or name another folder in FLEET_DIR.',
      cause,
    });
  }
}
