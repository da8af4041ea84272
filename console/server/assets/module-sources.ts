import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { z } from 'zod';

/** The folder `console/`, in a checkout or in the compiled package. */
export const consoleFolder = fileURLToPath(new URL('../../', import.meta.url));

/** A module that browsers load. `path` is its place below `console/`, and ends in `.js`. */
export interface ModuleSource {
  readonly path: string;
  readonly code: string;
}

/** The folders whose modules run in a browser. */
const FOR_BROWSERS = '{parts,pages,shared}/**/*';

/** Reads the modules for browsers. In a checkout they are TypeScript, and their types are taken out. */
export async function moduleSources(): Promise<ModuleSource[]> {
  const typed = globSync(`${FOR_BROWSERS}.ts`, { cwd: consoleFolder }).filter((path) => !path.endsWith('.d.ts'));
  const paths = typed.length > 0 ? typed : globSync(`${FOR_BROWSERS}.js`, { cwd: consoleFolder });
  const sorted = paths.map((path) => path.replaceAll('\\', '/')).sort();
  const texts = await Promise.all(sorted.map((path) => readFile(join(consoleFolder, path), 'utf8')));
  const codes = typed.length > 0 ? await withoutTypes(texts) : texts;
  return sorted.map((path, index) => ({ path: path.replace(/\.ts$/, '.js'), code: tidy(codes[index] ?? '') }));
}

async function withoutTypes(sources: readonly string[]): Promise<readonly string[]> {
  const worker = new Worker(new URL('./strip-worker.ts', import.meta.url), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  try {
    const stripped = Promise.withResolvers<unknown>();
    worker.once('message', stripped.resolve).once('error', stripped.reject);
    worker.postMessage(sources);
    return z.array(z.string()).parse(await stripped.promise);
  } finally {
    await worker.terminate();
  }
}

/** Removes what only costs bytes: blanks in the place of types, comments on lines of their own, and the address of a source map. */
function tidy(code: string): string {
  return code
    .replace(/^\/\/# sourceMappingURL=.*$/gm, '')
    .replace(/^[ \t]*\/\*[*]?[\s\S]*?\*\/[ \t]*\n/gm, '')
    .replace(/[ \t]+$/gm, '')
    .replace(/\n{2,}/g, '\n');
}
