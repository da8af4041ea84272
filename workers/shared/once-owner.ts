import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Tells whether a process still lives, by a file that it keeps locked. The operating system takes the lock away with the process,
 * however that ends, and never from one that is merely slow or suspended; pids and clocks, which lie between containers, play no part.
 * SQLite's own lock serves as the lock, because Node has no other.
 */
export class Owner {
  readonly id: string;
  readonly #lock: DatabaseSync;
  readonly #folder: string;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    for (const id of readdirSync(folder)) isAlive(folder, id); // removes what the dead have left
    for (;;) {
      const id = randomUUID();
      const lock = tryLock(folder, id);
      // Somebody who cleans up can find the file before we have locked it, and take it for a dead one's.
      if (lock && existsSync(join(folder, id))) {
        this.id = id;
        this.#lock = lock;
        this.#folder = folder;
        return;
      }
      lock?.close();
    }
  }

  /** As if the process had ended. */
  end(): void {
    rmSync(join(this.#folder, this.id), { force: true });
    this.#lock.close();
  }
}

/** Whether the owner of that id lives. What a dead one has left is removed. */
export function isAlive(folder: string, id: string): boolean {
  const file = join(folder, id);
  if (!existsSync(file)) return false;
  const lock = tryLock(folder, id);
  if (!lock) return true;
  rmSync(file, { force: true });
  lock.close();
  return false;
}

/** The lock, held until it is closed; nothing if somebody else holds it. */
function tryLock(folder: string, id: string): DatabaseSync | undefined {
  const database = new DatabaseSync(join(folder, id), { timeout: 0 });
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE'); // nothing is ever written, so no journal file is wanted
    return database;
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

/** Whether SQLite refused something because somebody else has the database. */
export function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5; // its extended codes have it in their low byte
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY;
}
