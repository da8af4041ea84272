import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where this program's own modules are: the checkout, or `dist/` of the package. */
export const program = fileURLToPath(new URL('../', import.meta.url));

/** `.ts` in the checkout, `.js` in the package. */
export const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Whether one stands in a checkout of this program, whose own folders are then the place for new files. */
export function inCheckout(): boolean {
  return extension === '.ts' && isWithin(resolve('.'), program);
}

/** The file of one of this program's own modules, e.g. `core/contract`. */
export function modulePath(module: string): string {
  return join(program, `${module}${extension}`);
}

/** How `file` names the module `target`: by package where it is one that `file` finds, else by the way from one to the other. */
export function importPath(file: string, target: string): string {
  const [owner, inPackage] = lastSplit(target, `${sep}node_modules${sep}`);
  if (inPackage !== undefined && isWithin(file, owner)) return inPackage.split(sep).join('/');
  const path = relative(dirname(file), target).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

function lastSplit(text: string, separator: string): [string, string | undefined] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Whether `path` is `folder` or below it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
}
