import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** True in a checkout, where Node runs the `.ts` files; false in an installed package, where it runs `dist/`. */
export const isCheckout = import.meta.url.endsWith('.ts');

/** Root of this program's own modules: the checkout, or `dist/` of the package. */
export const programFolder = fileURLToPath(new URL('../', import.meta.url));

/** Root of the package: the folder of `package.json` and `README.md`. */
export const packageFolder = isCheckout ? programFolder : join(programFolder, '..');

/** The `fleet` program, as an MCP client starts it. */
export const launcher = join(packageFolder, 'cli/fleet.js');

/** The main module of `fleet`, for a child process that runs under the same Node. */
export const mainModule = modulePath('cli/main');

/** The file of one of this program's own modules, e.g. `core/contract`. */
export function modulePath(module: string): string {
  return join(programFolder, `${module}${isCheckout ? '.ts' : '.js'}`);
}

/** True if the current folder is in a checkout of this program. New files then go into the folders of the checkout. */
export function isInsideCheckout(): boolean {
  return isCheckout && isWithin(resolve('.'), programFolder);
}

/**
 * The text with which `file` imports the module `target`. It is a path in a package if `file` can resolve the package, else a relative
 * path.
 */
export function importPath(file: string, target: string): string {
  const [owner, inPackage] = splitAtLast(target, `${sep}node_modules${sep}`);
  if (inPackage !== undefined && isWithin(file, owner)) return inPackage.split(sep).join('/');
  const path = relative(dirname(file), target).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

function splitAtLast(text: string, separator: string): [string, string | undefined] {
  const at = text.lastIndexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** True if `path` is `folder` or below it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
}
