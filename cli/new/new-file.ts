import { existsSync } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { FleetError, messageOf } from '../../core/errors.ts';

/** Where `file` really will be, links followed, as Node resolves imports. Makes its folder. @throws FleetError `environment` */
export async function realPlace(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true });
    return join(await realpath(dirname(file)), basename(file));
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to ${shown(dirname(file))}: ${messageOf(cause)}`, { cause });
  }
}

/** Writes a new file, or with `force` over what is there. @throws FleetError `conflict` if it is there, `environment` if it cannot be written */
export async function write(file: string, text: string, { force = false } = {}): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    if (!force && existsSync(file)) throw exists(file);
    throw new FleetError('environment', `Cannot write ${shown(file)}: ${messageOf(cause)}`, { cause });
  }
}

/** @throws FleetError `conflict` with `remedy` if one of them is there, before anything is written */
export function refuseExisting(files: readonly string[], remedy?: string): void {
  const there = files.find((file) => existsSync(file));
  if (there !== undefined) throw exists(there, remedy);
}

function exists(file: string, remedy = 'Choose another name, or remove the file first.'): FleetError {
  return new FleetError('conflict', `${shown(file)} is there already.`, { remedy });
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
