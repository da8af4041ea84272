import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface WrittenFiles {
  /** The folder that plays the root of the repository. */
  readonly folder: string;
  readonly paths: readonly string[];
  remove(): void;
}

/**
 * Writes the files of a page into a new folder inside `parent`. A file is a code block that begins with
 * `// path/of/the-file.ts: …`. The files import each other from this folder, and all other modules from the repository.
 */
export function writeFilesOf(page: string, parent: string): WrittenFiles {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/```ts\n\/\/ (\S+\.ts):.*\n([\s\S]*?)```/g)];
  const paths = blocks.map(([, path = '']) => path);
  const folder = mkdtempSync(join(parent, '.scratch-'));
  for (const [, path = '', code = ''] of blocks) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    const moved = code.replace(/from '(\.[^']+)'/g, (whole, target: string) => {
      const named = join(dirname(path), target);
      if (paths.includes(named)) return whole;
      return `from '${relative(dirname(file), join(root, named))}'`;
    });
    writeFileSync(file, moved);
  }
  return { folder, paths, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
