import { realpath, stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { NonRetryableError } from 'conductor-fleet';

/**
 * Returns the real path of a file below `root`. `path` is input from outside, so it must not lead out of the folder, neither by `..` nor by
 * a link.
 * @throws NonRetryableError if the file does not exist or is outside of `root`
 */
export async function fileUnder(root: string, path: string): Promise<string> {
  const realRoot = await realpath(root);
  const file = await realpath(resolve(realRoot, path)).catch((cause: NodeJS.ErrnoException) => {
    throw new NonRetryableError(
      `Cannot read "${path}": ${cause.code === 'ENOENT' ? 'the file does not exist' : cause.message}.`,
    );
  });
  const below = relative(realRoot, file);
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) {
    throw new NonRetryableError(`"${path}" is outside of the folder that file workers may read (FILES_ROOT).`);
  }
  if (!(await stat(file)).isFile()) throw new NonRetryableError(`"${path}" is not a file.`);
  return file;
}
