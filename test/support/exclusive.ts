import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until no other test file of this run holds the lock `what`, and takes the lock. Worker processes of the same types
 * take each other's tasks. So test files whose workers have different shops or folders must not run at the same time.
 * @returns a function that releases the lock
 */
export async function exclusively(what: string): Promise<() => void> {
  const held = join(tmpdir(), `exclusive-${what}`); // no earlier run can have left a lock, because each run has its own temporary folder
  for (;;) {
    try {
      mkdirSync(held);
      return () => rmdirSync(held);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      await pause(200);
    }
  }
}

/** The lock for the shipped workers that process orders and files. */
export const SHIPPED_WORKERS = 'shipped-workers';
