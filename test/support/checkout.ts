import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { processEnvironment } from '../../core/config.ts';
import { type Ran, root } from './product.ts';

const run = promisify(execFile);

/** A copy of this checkout's sources, in which a test may write files. It uses the packages of this checkout. */
export interface Checkout {
  readonly folder: string;
  /** Runs a Node program in the folder `cwd`, without the settings of the person who runs the tests. */
  start(cwd: string, program: string, ...args: string[]): Promise<Ran>;
  remove(): void;
}

const FOLDERS = ['entry', 'core', 'workers', 'cli', 'workflows', 'mcp', 'console', 'examples'];

/** Copies the folders of the product, and `files`, whose paths begin at the root of the checkout. */
export function copyCheckout(files: readonly string[]): Checkout {
  mkdirSync(join(root, '.fleet'), { recursive: true });
  const folder = mkdtempSync(join(root, '.fleet/new-'));
  for (const part of [...FOLDERS, ...files]) cpSync(join(root, part), join(folder, part), { recursive: true });
  return { folder, start, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

async function start(cwd: string, program: string, ...args: string[]): Promise<Ran> {
  const { TASKS_DIR: _, WORKFLOWS_DIR: __, NODE_TEST_CONTEXT: ___, ...env } = processEnvironment();
  try {
    return { code: 0, ...(await run(process.execPath, [program, ...args], { cwd, env })) };
  } catch (error) {
    return error as Ran; // cast: the error of execFile has all three fields
  }
}
