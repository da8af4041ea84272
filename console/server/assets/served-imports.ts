import { posix } from 'node:path';
import { servedPackages } from './vendor.ts';

/** `from '…'`, `import '…'` and `import('…')`, as our modules and the packages write them. */
const IMPORT = /(\bfrom\s*|\bimport\s*\(?\s*)(["'])([^"']+)\2/g;

/**
 * The code of a module at `path`, whose imports name served addresses: `.ts` becomes `.js`, and the name of a package becomes its address.
 * So pages need no import map, which the policy would not allow.
 */
export function withServedImports(path: string, code: string): string {
  return code.replace(IMPORT, (whole, lead: string, mark: string, name: string) => {
    const served = servedPackages.get(name);
    if (served !== undefined) return `${lead}${mark}${relative(path, served)}${mark}`;
    return name.startsWith('.') ? `${lead}${mark}${name.replace(/\.ts$/, '.js')}${mark}` : whole;
  });
}

/** The modules that load with `entry`, directly or through others, in the order in which they are found. */
export function staticImports(entry: string, modules: ReadonlyMap<string, string>): string[] {
  const found = new Set([entry]);
  for (const path of found) {
    for (const [, lead = '', , name = ''] of (modules.get(path) ?? '').matchAll(IMPORT)) {
      const target = posix.join(posix.dirname(path), name);
      if (!lead.includes('(') && modules.has(target)) found.add(target);
    }
  }
  return [...found];
}

function relative(from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to);
  return path.startsWith('.') ? path : `./${path}`;
}
