import { relative } from 'node:path';

/** A file or folder as the user would type it in the current folder. The path is relative if it is below that folder. */
export function shownPath(path: string): string {
  const way = relative('', path) || '.';
  return way.startsWith('..') ? path : way;
}
