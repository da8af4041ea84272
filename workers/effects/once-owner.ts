import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../../core/files/make-folder.ts';

/**
 * Shows other processes that this process is alive, by a file that it keeps locked. The operating system releases the lock when the process
 * ends in any way, but not while it is only slow or suspended. Process ids and clocks differ between containers, so neither is used.
 * The lock is SQLite's own file lock, because Node has no other.
 */
export class Owner {
  readonly id: string;
  readonly #lock: DatabaseSync;
  readonly #folder: string;

  constructor(folder: string) {
    makeFolder(folder);
    for (const id of readdirSync(folder)) isAlive(folder, id); // removes the files of dead processes
    for (;;) {
      const id = crypto.randomUUID();
      const lock = tryLock(folder, id);
      // Until this process locks its file, another process takes the owner for dead and may remove the file.
      if (lock && existsSync(join(folder, id))) {
        this.id = id;
        this.#lock = lock;
        this.#folder = folder;
        return;
      }
      lock?.close();
    }
  }

  /** Ends the owner, with the same effect as the end of the process. */
  end(): void {
    rmSync(join(this.#folder, this.id), { force: true });
    this.#lock.close();
  }
}

/** True if the owner with this id is alive. Removes the file of a dead owner. */
export function isAlive(folder: string, id: string): boolean {
  const file = join(folder, id);
  if (!existsSync(file)) return false;
  const lock = tryLock(folder, id);
  if (!lock) return true;
  rmSync(file, { force: true });
  lock.close();
  return false;
}

/** Returns the lock, which is held until it is closed. Returns undefined if another process holds it. */
function tryLock(folder: string, id: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(folder, id), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'); // nothing is ever written, so no journal file is needed
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** True for SQLite's error that another connection has locked the database. */
export function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5; // the low byte of SQLite's extended error codes holds this code
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}
