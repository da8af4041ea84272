import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until no other test file of this run holds `what`, then holds it. Worker processes that serve the same types take each other's
 * tasks. So two files whose workers have different shops or folders must not run at the same time.
 * @returns the function that releases it
 */
export async function exclusively(what: string): Promise<() => void> {
  const held = join(tmpdir(), `exclusive-${what}`); // each run has its own folder, so no earlier run can have left a lock
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

/** The shipped workers of orders and files. */
export const SHIPPED_WORKERS = 'shipped-workers';
