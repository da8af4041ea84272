import { statfsSync } from 'node:fs';
import { FleetError } from '../../errors.ts';

/** A new database with its journal and log takes about 2 MB. With less than this, the server soon cannot write. */
const LEAST_MB = 20;
const MB = 1_048_576;

/** Says that the disk below this folder is almost full. Undefined if it has space, or if the folder cannot be read. */
export function shortageOf(folder: string): string | undefined {
  try {
    const { bavail, bsize } = statfsSync(folder);
    const free = Math.floor((bavail * bsize) / MB);
    return free < LEAST_MB ? `The disk is full: only ${free} MB are free in ${folder}.` : undefined;
  } catch {
    return undefined;
  }
}

/** @throws FleetError `environment` if the disk has no space for a server's database and log */
export function refuseFullDisk(folder: string): void {
  const shortage = shortageOf(folder);
  if (shortage === undefined) return;
  throw new FleetError('environment', `${shortage} The server needs ${LEAST_MB} MB to start.`, {
    remedy: 'Free some space, or name a folder on another disk with --data-dir (FLEET_DIR).',
  });
}
