import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isWorkflow, type Workflow } from '../../../core/contract.ts';
import { FleetError, messageOf } from '../../../core/errors.ts';

/**
 * Loads the source of a definition as if the source were in `folder`, so that its imports are found.
 * @throws FleetError `environment` if the folder cannot be written to; any error of the source itself
 */
export async function evaluate(source: string, folder: string): Promise<Workflow> {
  return withFiles([source], { folder, suffix: '.mts' }, async ([file = '']) => {
    const { default: workflow } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (!isWorkflow(workflow)) throw new TypeError('The generated file has no workflow as its default export.');
    return workflow;
  });
}

export interface CompilerError {
  /** The number of the line, from 1. */
  line: number;
  message: string;
}

/**
 * Compiles several sources in `folder` in one run and returns the errors of each source. Undefined if the folder has no TypeScript, or if
 * its project has errors outside these sources.
 */
export async function typeErrors(sources: readonly string[], folder: string): Promise<CompilerError[][] | undefined> {
  const compiler = compilerFor(folder);
  const project = nearest(folder, 'tsconfig.json');
  if (compiler === undefined || project === undefined) return undefined;
  return withFiles(sources, { folder, suffix: '.mts' }, (files) => {
    const config = JSON.stringify({ extends: project, compilerOptions: { noEmit: true }, include: [], files });
    return withFiles([config], { folder, suffix: '.json' }, async ([configFile = '']) => {
      const { passed, said } = await run(compiler, ['--noEmit', '--pretty', 'false', '-p', configFile], folder);
      const errors = files.map((file) => errorsIn(said, basename(file)));
      // If the compiler fails but reports no error in these files, the error is elsewhere in the project.
      return passed || errors.some((found) => found.length > 0) ? errors : undefined;
    });
  });
}

/** Writes sources into a folder and removes them after `use`. The names of these files are never loaded as content. */
async function withFiles<T>(
  sources: readonly string[],
  { folder, suffix }: { folder: string; suffix: '.mts' | '.json' },
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const files = sources.map(() => join(folder, `.pull-${randomUUID()}${suffix}`));
  try {
    for (const [index, file] of files.entries()) await writeFile(file, sources[index] ?? '', { flag: 'wx' });
    return await use(files);
  } catch (cause) {
    if (!(cause instanceof Error && 'syscall' in cause && cause.syscall === 'open')) throw cause;
    throw new FleetError('environment', `Cannot write to ${folder}: ${messageOf(cause)}`, { cause });
  } finally {
    for (const file of files) await rm(file, { force: true });
  }
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
