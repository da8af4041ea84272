import { cpSync, globSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Copies the files that the program reads into a folder of compiled modules. The compiler itself copies only modules. */
export function copyAssets(folder: string): void {
  for (const path of [...globSync(['mcp/**/*.html', 'console/**/*.{css,svg}'], { cwd: root }), 'examples/project']) {
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
}
