import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ModuleSource } from './module-sources.ts';

/** The packages that pages load: the name in an import, the module that is served, and what is added to it. */
const PACKAGES = [
  { name: 'preact', entry: 'preact', path: 'vendor/preact.js' },
  { name: 'preact/hooks', entry: 'preact/hooks', path: 'vendor/hooks.js' },
  { name: 'htm', entry: 'htm', file: 'htm.module.js', path: 'vendor/htm.js' },
  // The minified script is half as large as the module. It leaves its function in a variable.
  { name: 'uplot', entry: 'uplot', file: 'uPlot.iife.min.js', path: 'vendor/uplot.js', after: 'export default uPlot;' },
] as const;

/** Where each package is served, by its name in imports. */
export const servedPackages: ReadonlyMap<string, string> = new Map(PACKAGES.map(({ name, path }) => [name, path]));

/** Reads the packages that pages load. */
export async function vendorSources(): Promise<ModuleSource[]> {
  return Promise.all(
    PACKAGES.map(async (one) => {
      const main = import.meta.resolve(one.entry);
      const url = 'file' in one ? new URL(one.file, main) : main;
      const code = (await readFile(fileURLToPath(url), 'utf8')).replace(/\n?\/\/# sourceMappingURL=.*$/m, '');
      return { path: one.path, code: 'after' in one ? `${code}\n${one.after}` : code };
    }),
  );
}

/** The style sheet that uPlot needs. */
export async function vendorStyle(): Promise<string> {
  return readFile(fileURLToPath(new URL('uPlot.min.css', import.meta.resolve('uplot'))), 'utf8');
}
