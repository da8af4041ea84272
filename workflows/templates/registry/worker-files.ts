import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** A file of workers that a template needs: a task, or what several tasks share. */
export interface WorkerFile {
  /** Below the folder `workers`, e.g. `tasks/http-request.ts`. */
  path: string;
  text: string;
}

const WORKERS = new URL('../../../workers/', import.meta.url);

/** The files of workers that a module imports, directly or through other files of workers. They import only this package and each other. */
export async function workerFiles(module: string): Promise<WorkerFile[]> {
  const found = new Map<string, WorkerFile>();
  const extension = module.slice(module.lastIndexOf('.'));
  const follow = async (from: string): Promise<void> => {
    for (const [, imported = ''] of (await sourceOf(from)).matchAll(/ from '(\.[^']+)\.ts';$/gm)) {
      const { href } = new URL(imported + extension, from);
      if (!href.startsWith(WORKERS.href)) continue;
      const path = `${href.slice(WORKERS.href.length, -extension.length)}.ts`;
      if (found.has(path)) continue;
      found.set(path, { path, text: await sourceOf(href) });
      await follow(href);
    }
  };
  await follow(module);
  return [...found.values()];
}

const sourceMap = z.object({ sourcesContent: z.tuple([z.string()]) });

/** The TypeScript of a module. A built module has it in its source map. */
export async function sourceOf(module: string): Promise<string> {
  const file = fileURLToPath(module);
  if (file.endsWith('.ts')) return readFile(file, 'utf8');
  return sourceMap.parse(JSON.parse(await readFile(`${file}.map`, 'utf8'))).sourcesContent[0];
}
