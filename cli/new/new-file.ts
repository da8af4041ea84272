import { existsSync } from 'node:fs';
import { realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { FleetError, messageOf } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/make-folder.ts';
import { shownPath } from '../printing/shown-path.ts';

/**
 * Creates the folder of a new file. Returns the path of the file with symbolic links resolved, as Node resolves imports. @throws FleetError
 * `environment`
 */
export async function realPlace(file: string): Promise<string> {
  try {
    makeFolder(dirname(file));
    return join(await realpath(dirname(file)), basename(file));
  } catch (cause) {
    throw cannotWrite(dirname(file), cause);
  }
}

/**
 * Writes a new file. With `force`, overwrites an existing file. @throws FleetError `conflict` if the file exists, `environment` if it
 * cannot be written
 */
export async function write(file: string, text: string, { force = false } = {}): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if (!force && existsSync(file)) throw exists(file);
    throw cannotWrite(file, cause);
  }
}

function cannotWrite(path: string, cause: unknown): FleetError {
  const remedy = 'Choose a folder that you can write to.';
  return new FleetError('environment', `Cannot write "${shownPath(path)}": ${messageOf(cause)}.`, { remedy, cause });
}

/** Shown where a new file cannot import this package by its name, so that it has the path of this program instead. */
export const INSTALL_HINT =
  "  npm install conductor-fleet     then import from 'conductor-fleet', so that the project finds it everywhere";

/** Call it before the first file is written. @throws FleetError `conflict` with `remedy` if one of the files exists */
export function refuseExisting(files: readonly string[], remedy?: string): void {
  const there = files.find((file) => existsSync(file));
  if (there !== undefined) throw exists(there, remedy);
}

function exists(file: string, remedy = 'Choose another name, or delete the file first.'): FleetError {
  return new FleetError('conflict', `"${shownPath(file)}" already exists.`, { remedy });
}
