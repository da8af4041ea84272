import { existsSync } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FleetError, messageOf } from '../../core/errors.ts';

/** Where this program's own modules are: the checkout, or `dist/` of the package. */
export const program = fileURLToPath(new URL('../../', import.meta.url));
/** Of this program's own modules. */
export const extension = import.meta.url.endsWith('.ts') ? '.ts' : '.js';

/** Whether one stands in a checkout of this program, whose own folders are then the place for new files. */
export function inCheckout(): boolean {
  return extension === '.ts' && isWithin(resolve('.'), program);
}

/** The file of a module of this program. */
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

/** Where `file` really will be, links followed, as Node resolves imports. Makes its folder. @throws FleetError `environment` */
export async function realPlace(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true });
    return join(await realpath(dirname(file)), basename(file));
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to ${shown(dirname(file))}: ${messageOf(cause)}`, { cause });
  }
}

/** Writes a new file. @throws FleetError `conflict` if it is there, `environment` if it cannot be written */
export async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    if (existsSync(file)) throw exists(file);
    throw new FleetError('environment', `Cannot write ${shown(file)}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws FleetError `conflict` if one of them is there, before anything is written */
export function refuseExisting(files: readonly string[]): void {
  const there = files.find((file) => existsSync(file));
  if (there !== undefined) throw exists(there);
}

function exists(file: string): FleetError {
  return new FleetError('conflict', `${shown(file)} is there already.`, {
    remedy: 'Choose another name, or remove the file first.',
  });
}

/** As one would type it here. */
export function shown(file: string): string {
  const path = relative('', file);
  return path.startsWith('..') ? file : path;
}

/** Whether a file finds the package of the schemas. */
export function findsZod(file: string): boolean {
  try {
    createRequire(file).resolve('zod');
    return true;
  } catch {
    return false;
  }
}
