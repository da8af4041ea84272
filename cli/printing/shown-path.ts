import { relative } from 'node:path';

/** A file or folder as one would type it here: relative if it is below the current folder. */
export function shownPath(path: string): string {
  const way = relative('', path) || '.';
  return way.startsWith('..') ? path : way;
}
