import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Progress } from '../progress.ts';
import { lastWords, runProgram } from '../run-program.ts';
import { release } from './release.ts';

const PROGRESS_EVERY_MS = 5000;
const NOT_FOUND = 127;

/**
 * Has Maven's client bring the boot jar under the user's own Maven settings, and returns where it lies in the user's local
 * repository. Nothing if the client is missing or fails, which `note` tells.
 */
export async function fetchWithMaven(workingFolder: string, { note, signal }: Progress): Promise<string | undefined> {
  let repository = join(homedir(), '.m2', 'repository');
  const folder = () => join(repository, release.pathInRepository);
  // Its debug lines are the only ones that tell the local repository of these settings.
  const args = ['-B', '-X', 'dependency:get', `-Dartifact=${release.artifact}`, '-Dtransitive=false'];
  note(`Fetching Conductor ${release.version} (${inMegabytes(release.bytes)} MB) with Maven …`);
  const watch = setInterval(async () => {
    note(`  ${inMegabytes(await largestFile(folder()))} of ${inMegabytes(release.bytes)} MB`);
  }, PROGRESS_EVERY_MS);
  try {
    const maven = await runProgram('mvn', args, {
      signal,
      cwd: workingFolder, // not where the caller stands: a pom.xml there would be read
      onLine: (line) => {
        repository = localRepository(line) ?? repository;
      },
    });
    const jar = join(folder(), release.jarName);
    if (maven.code === 0 && existsSync(jar)) return jar;
    note(
      maven.code === NOT_FOUND
        ? 'Maven (mvn) is not installed.'
        : `Maven could not bring it:\n${errorsOf(lastWords(maven, 40))}`,
    );
    return undefined;
  } finally {
    clearInterval(watch);
  }
}

/** The local repository, from the line of Maven's debug output that names it. */
export function localRepository(line: string): string | undefined {
  return /Using local repository at (.+)$/.exec(line)?.[1]?.trim();
}

function errorsOf(output: string): string {
  const errors = output.split('\n').filter((line) => line.includes('ERROR'));
  return (errors.length > 0 ? errors : output.split('\n')).slice(0, 3).join('\n');
}

/** The jar on its way has a name of Maven's own. */
async function largestFile(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return Math.max(0, ...(await Promise.all(sizes)));
}

function inMegabytes(bytes: number): number {
  return Math.round(bytes / 1e6);
}
