import { accessSync, constants, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FleetError, messageOf } from '../../errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { checkDatabase } from './check-database.ts';

/** The files of one embedded server. */
export interface DataFolder {
  readonly path: string;
  readonly database: string;
  readonly log: string;
  /** `server.json` says which server runs here: see `ServerRecord`. */
  readonly record: string;
  readonly lock: string;
}

/** A log larger than this becomes `server.log.1` at the next start. */
const LOG_BYTES = 10 * 1024 * 1024;

export function dataFolder(dataDir: string): DataFolder {
  const path = resolve(dataDir);
  const file = (name: string) => join(path, name);
  return {
    path,
    database: file('conductor.db'),
    log: file('server.log'),
    record: file('server.json'),
    lock: file('lock.db'),
  };
}

/**
 * Creates the folder.
 * @throws FleetError `environment` if the folder is not writable, `config` if its name cannot be part of a database address
 */
export function createFolder({ path }: DataFolder): void {
  if (path.includes('?')) {
    throw new FleetError(
      'config',
      `The data folder ${path} has a question mark in its name, which SQLite's driver does not accept.`,
      {
        remedy: 'Name another folder with --data-dir (FLEET_DIR).',
      },
    );
  }
  try {
    makeFolder(path, 0o700);
    accessSync(path, constants.W_OK);
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to the data folder ${path}: ${messageOf(cause)}.`, {
      remedy: 'Make the folder writable, or name another folder with --data-dir (FLEET_DIR).',
      cause,
    });
  }
}

/**
 * Prepares the folder's files for the start of a server. Call it only while no server runs there.
 * @throws FleetError `environment` if the database file is not a usable database
 */
export function prepareFiles(folder: DataFolder, { fresh, note }: { fresh: boolean; note(line: string): void }): void {
  for (const name of readdirSync(folder.path)) {
    if (name.startsWith('server.json.') && name.endsWith('.tmp')) rmSync(join(folder.path, name), { force: true });
  }
  if (fresh) removeDatabase(folder, note);
  checkDatabase(folder.database, note);
  if (existsSync(folder.log) && statSync(folder.log).size > LOG_BYTES) renameSync(folder.log, `${folder.log}.1`);
}

function removeDatabase({ database }: DataFolder, note: (line: string) => void): void {
  if (existsSync(database)) note(`Starting empty: removed ${database}.`);
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(database + suffix, { force: true });
}
