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
 * Fetches the boot jar with Maven and the user's own Maven settings. Returns the jar's path in the user's local repository. Returns
 * undefined if Maven is not installed or fails, and notes why.
 */
export async function fetchWithMaven(workingFolder: string, { note, signal }: Progress): Promise<string | undefined> {
  let repository = join(homedir(), '.m2', 'repository');
  const folder = () => join(repository, release.pathInRepository);
  // Only Maven's debug output names the local repository.
  const args = ['-B', '-X', 'dependency:get', `-Dartifact=${release.artifact}`, '-Dtransitive=false'];
  note(`Fetching Conductor ${release.version} (${inMegabytes(release.bytes)} MB) with Maven …`);
  const watch = setInterval(async () => {
    note(`  ${inMegabytes(await largestFile(folder()))} of ${inMegabytes(release.bytes)} MB`);
  }, PROGRESS_EVERY_MS);
  try {
    const maven = await runProgram('mvn', args, {
      signal,
      cwd: workingFolder, // not the current folder: Maven would read a pom.xml there
      onLine: (line) => {
        repository = localRepository(line) ?? repository;
      },
    });
    const jar = join(folder(), release.jarName);
    if (maven.code === 0 && existsSync(jar)) return jar;
    note(
      maven.code === NOT_FOUND
        ? 'Maven (mvn) is not installed.'
        : `Maven could not fetch the server:\n${errorsOf(lastWords(maven, 40))}`,
    );
    return undefined;
  } finally {
    clearInterval(watch);
  }
}

/** The path of the local repository, if this line of Maven's debug output names it. */
export function localRepository(line: string): string | undefined {
  return /Using local repository at (.+)$/.exec(line)?.[1]?.trim();
}

function errorsOf(output: string): string {
  const errors = output.split('\n').filter((line) => line.includes('ERROR'));
  return (errors.length > 0 ? errors : output.split('\n')).slice(0, 3).join('\n');
}

/** Looks for the largest file, because Maven chooses the jar's name during the download. */
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
