import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { FleetError, messageOf } from '../../core/errors.ts';
import { version } from '../../core/version.ts';
import type { CommandContext } from '../define-command.ts';
import { isCheckout, packageName, programFolder } from '../installation.ts';
import { shownPath } from '../printing/shown-path.ts';
import { realPlace, write } from './new-file.ts';

/** The project that `fleet init` copies. It is checked and tested like any other code of this repository. */
const SAMPLE = join(programFolder, 'examples/project');
/** The name in the sample that the name of the new project replaces. */
const SAMPLE_NAME = 'my-fleet';

/** Packages leave out a file of this name, so the sample has it under another one. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: '.gitignore' };

/** The versions with which this repository is checked. A unit test compares them. */
export const DEVELOPMENT_PACKAGES = { '@types/node': '24.19.2', typescript: '7.0.2' };

/** `fleet init`: writes a project into a folder that is empty or does not exist. */
export async function writeProject({ print, note }: CommandContext, given: string): Promise<void> {
  const folder = resolve(given);
  refuseUsed(folder, given);
  const name = projectName(basename(folder));
  await realPlace(join(folder, 'package.json'));
  const dependency = isCheckout ? packInto(folder, note) : version;
  await put(folder, 'package.json', `${JSON.stringify(manifest(name, dependency), null, 2)}\n`, print);
  for (const path of filesIn(SAMPLE)) {
    const target = join(dirname(path), RENAMED[basename(path)] ?? basename(path));
    const text = readFileSync(join(SAMPLE, path), 'utf8').replaceAll(SAMPLE_NAME, name);
    await put(folder, target, text, print);
  }
  note('Next:');
  if (folder !== resolve('.')) note(`  cd ${shownPath(folder)}`);
  note('  npm install');
  note('  npm start        starts everything, runs the workflow HelloWorld and stays up');
  note('  npm test');
}

async function put(folder: string, path: string, text: string, print: (line: string) => void): Promise<void> {
  const file = join(folder, path);
  await realPlace(file);
  await write(file, text);
  print(shownPath(file));
}

/** A repository without files counts as empty. @throws FleetError `input` if the folder holds anything else */
function refuseUsed(folder: string, given: string): void {
  let found: string[];
  try {
    found = readdirSync(folder);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw new FleetError('input', `"${given}" cannot be the folder of a project: ${messageOf(cause)}.`, {
      remedy: 'Name a folder that does not exist yet: fleet init my-fleet',
      cause,
    });
  }
  const [first] = found.filter((name) => name !== '.git');
  if (first === undefined) return;
  throw new FleetError('input', `The folder "${given}" is not empty: it holds "${first}". Nothing was written.`, {
    remedy: 'Name a folder that does not exist yet: fleet init my-fleet',
  });
}

/** The name of the folder as npm accepts it. */
export function projectName(folder: string): string {
  const name = folder
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^[_-]+|-+$/g, '')
    .slice(0, 100);
  if (name === '' || name === 'node_modules') return SAMPLE_NAME;
  return name === packageName ? `${name}-project` : name; // a package cannot depend on itself
}

function manifest(name: string, dependency: string): Record<string, unknown> {
  return {
    name,
    version: '0.1.0',
    private: true,
    type: 'module',
    engines: { node: '>=24' },
    scripts: {
      start: `fleet up --run HelloWorld --input '{"name":"Ada"}'`,
      test: `node --test 'test/**/*.test.ts'`,
      check: 'tsc --noEmit && fleet lint',
    },
    dependencies: { [packageName]: dependency },
    devDependencies: DEVELOPMENT_PACKAGES,
  };
}

/** Paths of files below a folder, in order. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort();
}

/** A checkout may be newer than any published version, so the project gets this checkout as an archive. Returns the dependency. */
function packInto(folder: string, note: (line: string) => void): string {
  note('Packing this checkout for the project …');
  const built = mkdtempSync(join(tmpdir(), 'fleet-package-'));
  try {
    execFileSync(process.execPath, [join(programFolder, 'cli/bundle/make-package.ts'), built], { stdio: 'pipe' });
    execFileSync('npm', ['pack', built, '--pack-destination', folder], { stdio: 'pipe' });
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr) : messageOf(cause);
    throw new FleetError('environment', `This checkout cannot be packed: ${said.trim()}`, {
      remedy: 'Run `npm ci` in the checkout, then try again.',
      cause,
    });
  } finally {
    rmSync(built, { recursive: true, force: true });
  }
  return `file:${packageName}-${version}.tgz`;
}
