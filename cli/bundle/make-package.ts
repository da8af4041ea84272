import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyAssets } from './copy-assets.ts';
import { packageManifest } from './package-manifest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Files and folders that are copied unchanged. `.dockerignore` lists them too. */
export const PACKAGE_FILES = ['cli/fleet.js', 'README.md', 'CHANGELOG.md', 'LICENSE', 'llms.txt', 'docs'];

/** Writes the folder that is published: compiled modules with their types, documents, and a manifest of its own. */
export function makePackage(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  compile(join(folder, 'dist'));
  for (const file of PACKAGE_FILES) cpSync(join(root, file), join(folder, file), { recursive: true, force: true });
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(packageManifest(root), null, 2)}\n`);
}

/** Compiles every module of the program, with types unless the result is only run. */
export function compile(dist: string, { types = true } = {}): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const args = ['-p', join(root, 'tsconfig.build.json'), '--noCheck', '--declaration', String(types), '--outDir', dist];
  execFileSync(process.execPath, [compiler, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
  copyAssets(dist);
}

if (import.meta.main) {
  const folder = process.argv[2] ?? 'build/package';
  makePackage(folder);
  process.stderr.write(`Wrote ${folder}. Publish it: npm publish ${folder}\n`);
}
