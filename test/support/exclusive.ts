import { mkdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits until no other file of this run is at it. Workers of one fleet take each other's tasks, which is what they are for; a file whose
 * worker has a shop or a folder of its own must not meet another one that serves the same types.
 * @returns what lets the next one go on
 */
export async function exclusively(what: string): Promise<() => void> {
  const held = join(tmpdir(), `exclusive-${what}`); // the run's own folder, so nothing is left of a run before
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

/** The workers of orders and files, as they are shipped. */
export const SHIPPED_WORKERS = 'shipped-workers';
