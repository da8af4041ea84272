import { createRequire } from 'node:module';
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

/** The name under which content imports this package. */
export const packageName = 'conductor-fleet';

/** What `file` writes to import an entry of this package: its name where `file` can resolve it, else the path of the entry. */
export function entryImport(file: string, entry: 'index' | 'testing' = 'index'): string {
  if (!canImportPackage(file)) return importPath(file, modulePath(`entry/${entry}`));
  return entry === 'index' ? packageName : `${packageName}/${entry}`;
}

/** Source text with its imports of this package as `file` has to write them. */
export function withEntryImport(source: string, file: string): string {
  return source.replaceAll(/from 'conductor-fleet(?:\/(testing))?'/g, (_, testing?: 'testing') => {
    return `from '${entryImport(file, testing ?? 'index')}'`;
  });
}

/** True if `file` can import this package by its name. */
export function canImportPackage(file: string): boolean {
  try {
    // A package with `exports` for `import` only is found too: `require` can load ES modules.
    createRequire(file).resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

/** What `file` writes to import the module `target` of a project. */
export function importPath(file: string, target: string): string {
  const path = relative(dirname(file), target).split(sep).join('/');
  return path.startsWith('.') ? path : `./${path}`;
}

/** True if `path` is `folder` or below it. */
export function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way === '..' || way.startsWith(`..${sep}`) || resolve(way) === way);
}
