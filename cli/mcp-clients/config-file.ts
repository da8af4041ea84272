import { constants } from 'node:fs';
import { chmod, copyFile, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FleetError, messageOf } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/make-folder.ts';

/** The text of the file. Empty if the file does not exist yet. @throws FleetError `environment` if the file cannot be read */
export async function readConfigText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw notPossible('read', file, cause);
  }
}

/**
 * Copies the old file and then replaces it with `text` in one step. The copy is in the same folder. A symbolic link stays a link.
 * @returns the path of the copy, or undefined if there was no file
 * @throws FleetError `environment` if the file cannot be written
 */
export async function replaceConfigText(file: string, text: string, now: Date): Promise<string | undefined> {
  try {
    makeFolder(dirname(file));
    const target = await realpath(file).catch(() => file);
    const mode = await stat(target).then(
      (found) => found.mode,
      () => undefined,
    );
    const backup = mode === undefined ? undefined : `${file}.${now.toISOString().replaceAll(/[:.]/g, '-')}.bak`;
    if (backup !== undefined) await copyFile(target, backup, constants.COPYFILE_EXCL);
    const draft = `${target}.${process.pid}.tmp`;
    try {
      await writeFile(draft, text, { flag: 'wx', mode: mode ?? 0o644 });
      if (mode !== undefined) await chmod(draft, mode);
      await rename(draft, target);
    } finally {
      await rm(draft, { force: true });
    }
    return backup;
  } catch (cause) {
    throw notPossible('write', file, cause);
  }
}

function notPossible(what: string, file: string, cause: unknown): FleetError {
  return new FleetError('environment', `Cannot ${what} "${file}": ${messageOf(cause)}.`, {
    remedy: 'Change its permissions, or run the command with --print and edit the file by hand.',
    cause,
  });
}
