import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Writes the types of every module into a folder. */
export function emitTypes(folder: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--emitDeclarationOnly', '--outDir', folder];
  execFileSync(process.execPath, [compiler, ...args], { stdio: 'pipe' });
}
