import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { BundleFile } from './zip-bundle.ts';

const lockfile = z.object({
  packages: z.record(
    z.string(),
    z.looseObject({ dev: z.boolean().optional(), optional: z.boolean().optional(), peer: z.boolean().optional() }),
  ),
});

/** Files of a package that the running program does not read: source maps and type declarations. */
const LEFT_OUT = /\.(map|d\.[cm]?ts)$/;

/** The installed packages that the running program needs. */
export function productionPackages(root: string): BundleFile[] {
  const { packages } = lockfile.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const folders = Object.entries(packages)
    .filter(([path, { dev, optional, peer }]) => path !== '' && !dev && !optional && !peer)
    .map(([path]) => path);
  return folders.flatMap((folder) =>
    filesBelow(join(root, folder))
      .filter((path) => !path.startsWith('node_modules/') && !LEFT_OUT.test(path))
      .map((path) => fileAt(root, `${folder}/${path}`)),
  );
}

/** The compiled modules with their source maps. The program reads the templates of workflows from the source maps. */
export function compiled(dist: string): BundleFile[] {
  return filesBelow(dist)
    .filter((path) => !path.endsWith('.d.ts'))
    .map((path) => ({ path: `dist/${path}`, data: readFileSync(join(dist, path)) }));
}

/** The documents that the tool search_docs reads. */
export function documents(root: string): BundleFile[] {
  const pages = filesBelow(join(root, 'docs')).filter((path) => path.endsWith('.md') && !path.startsWith('adr/'));
  return ['README.md', ...pages.map((path) => `docs/${path}`)].map((path) => fileAt(root, path));
}

export function fileAt(root: string, path: string): BundleFile {
  return { path, data: readFileSync(join(root, path)), isProgram: path === 'cli/fleet.js' };
}

function filesBelow(folder: string): string[] {
  return globSync('**/*', { cwd: folder, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}
