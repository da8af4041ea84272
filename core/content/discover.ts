import { readdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { FleetError, messageOf } from '../errors.ts';

/** A default export and the address of its module. */
export interface Found<T> {
  value: T;
  module: string;
}

/**
 * Reads the default export of every module in a content folder, sorted by file name. With a `suffix` such as `.scenario` it reads only
 * files like `name.scenario.ts`. Without a suffix it skips those files.
 * @throws FleetError `config` if a file or the folder cannot be read, if a default export has the wrong kind, or if two files define the
 * same name. Also if a file is not named after what it defines. For example, `charge_card` or `ChargeCard` belongs in `charge-card.ts`.
 */
export async function discoverModules<T extends { readonly name: string }>(
  folder: URL,
  is: (value: unknown) => value is T,
  what: string,
  suffix = '',
): Promise<Found<T>[]> {
  const directory = fileURLToPath(folder);
  const files = (await namesIn(directory)).filter((file) => isModule(file, suffix)).sort();
  const found = new Map<string, Found<T>>();
  for (const file of files) {
    const module = pathToFileURL(join(directory, file)).href;
    const place = join(basename(directory), file);
    const value = await defaultExportOf(module, place);
    if (!is(value)) throw new FleetError('config', `The default export of ${place} must be of this kind: ${what}.`);
    const wanted = `${kebabCase(value.name)}${suffix}`;
    if (wanted !== basename(file, extname(file))) {
      throw new FleetError('config', `${place} defines "${value.name}"; name the file ${wanted}.ts.`);
    }
    if (found.has(value.name)) throw new FleetError('config', `${place} defines "${value.name}" a second time.`);
    found.set(value.name, { value, module });
  }
  return [...found.values()];
}

/** The default exports without the addresses of their modules; see `discoverModules`. */
export async function discover<T extends { readonly name: string }>(
  folder: URL,
  is: (value: unknown) => value is T,
  what: string,
): Promise<T[]> {
  return (await discoverModules(folder, is, what)).map(({ value }) => value);
}

/** Turns both `OrderProcessing` and `order_processing` into `order-processing`. */
export function kebabCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replace(/[_\s]+/g, '-')
    .toLowerCase();
}

async function defaultExportOf(module: string, place: string): Promise<unknown> {
  try {
    return ((await import(module)) as { default?: unknown }).default;
  } catch (cause) {
    const remedy = 'Correct that file; `npx tsc --noEmit` shows more.';
    throw new FleetError('config', `${place} cannot be loaded: ${messageOf(cause)}`, { remedy, cause });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (cause) {
    throw new FleetError('config', `Cannot read the folder ${directory}: ${messageOf(cause)}`, { cause });
  }
}

function isModule(file: string, suffix: string): boolean {
  if (!/\.(ts|js)$/.test(file) || file.endsWith('.d.ts')) return false;
  const stem = basename(file, extname(file));
  return suffix === '' ? !/\.(test|scenario)$/.test(stem) : stem.endsWith(suffix);
}
