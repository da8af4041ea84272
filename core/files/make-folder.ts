import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Creates a folder and the missing folders above it. Node's `recursive` option hides the cause: below a read-only folder it reports ENOENT,
 * and below `/proc` it never ends. @throws the error of the folder that cannot be created
 */
export function makeFolder(path: string, mode = 0o777): void {
  const folder = resolve(path);
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    const isParentMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && !existsSync(dirname(folder));
    if (!isParentMissing) throw error;
    makeFolder(dirname(folder), mode);
    makeFolder(folder, mode);
  }
}
