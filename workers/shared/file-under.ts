import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { NonRetryableError } from '../../core/errors.ts';

/**
 * The real path of a readable file below `root`. What a workflow names comes from outside: it must not lead out of the folder, not
 * by `..` and not by a link.
 * @throws NonRetryableError if there is no such file or it lies elsewhere; no retry will change that
 */
export async function fileUnder(root: string, path: string): Promise<string> {
  const realRoot = await realpath(root);
  const file = await realpath(resolve(realRoot, path)).catch((cause: NodeJS.ErrnoException) => {
    throw new NonRetryableError(
      `Cannot read "${path}": ${cause.code === 'ENOENT' ? 'there is no such file' : cause.message}.`,
    );
  });
  const below = relative(realRoot, file);
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) {
    throw new NonRetryableError(`"${path}" lies outside the folder that file workers may read (FILES_ROOT).`);
  }
  if (!(await stat(file)).isFile()) throw new NonRetryableError(`"${path}" is not a file.`);
  return file;
}
