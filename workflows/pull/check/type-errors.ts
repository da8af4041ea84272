import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { withFile } from './evaluate.ts';

/** A type error. */
export interface CompilerError {
  /** Counted from 1. */
  line: number;
  message: string;
}

/**
 * What the compiler says about each of several sources in `folder`, in one run; undefined if the folder has no TypeScript, or no
 * project that compiles without them.
 */
export async function typeErrors(sources: readonly string[], folder: string): Promise<CompilerError[][] | undefined> {
  const compiler = compilerFor(folder);
  const project = nearest(folder, 'tsconfig.json');
  if (compiler === undefined || project === undefined) return undefined;
  return withFiles(sources, folder, async (files) => {
    const config = JSON.stringify({ extends: project, compilerOptions: { noEmit: true }, include: [], files });
    return withFile(config, { folder, suffix: '.json' }, async (configFile) => {
      const { passed, said } = await run(compiler, ['--noEmit', '--pretty', 'false', '-p', configFile], folder);
      const errors = files.map((file) => errorsIn(said, basename(file)));
      // Without a word about these files, something else keeps the project from compiling.
      return passed || errors.some((found) => found.length > 0) ? errors : undefined;
    });
  });
}

async function withFiles<T>(
  sources: readonly string[],
  folder: string,
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const [first, ...rest] = sources;
  if (first === undefined) return use([]);
  return withFile(first, { folder, suffix: '.mts' }, (file) =>
    withFiles(rest, folder, (files) => use([file, ...files])),
  );
}

function errorsIn(said: string, file: string): CompilerError[] {
  return said.split('\n').flatMap((line) => {
    const [, path = '', at, message = ''] = /^(.+)\((\d+),\d+\): error (TS\d+: .*)$/.exec(line) ?? [];
    return basename(path) === file ? [{ line: Number(at), message }] : [];
  });
}

function compilerFor(folder: string): string | undefined {
  try {
    const program = join(dirname(createRequire(join(folder, 'x.js')).resolve('typescript/package.json')), 'bin/tsc');
    return existsSync(program) ? program : undefined;
  } catch {
    return undefined;
  }
}

function nearest(folder: string, file: string): string | undefined {
  const candidate = join(folder, file);
  if (existsSync(candidate)) return candidate;
  const above = dirname(folder);
  return above === folder ? undefined : nearest(above, file);
}

function run(program: string, args: readonly string[], cwd: string): Promise<{ passed: boolean; said: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { cwd, maxBuffer: 64 * 1024 * 1024 }, (error, said) =>
      resolve({ passed: error === null, said }),
    );
  });
}
