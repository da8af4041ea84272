import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type Config, processEnvironment } from '../../../config.ts';
import { messageOf } from '../../../errors.ts';
import { makeFolder } from '../../../files/make-folder.ts';
import { withLock } from '../file-lock.ts';
import { type Progress, throwIfCancelled } from '../progress.ts';
import { type Finished, runProgram } from '../run-program.ts';
import { javaEnvironment } from '../server-properties.ts';
import { cacheFolder } from './cache-folder.ts';
import { expectedChecksum } from './find-jar.ts';
import { release } from './release.ts';

type UnpackSettings = Pick<Config, 'cacheDir' | 'conductorJarSha256'>;

/** The jar of the server itself. The jars that it needs are beside it, at the places that its manifest names. */
const JAR = 'server.jar';
/** This file lists the size of each file by its path, so that a server with a missing or truncated file is not started. */
const CONTENTS = 'contents.json';
const contentsSchema = z.record(z.string(), z.int());

/** The unpacked server in the cache, if it is complete. */
export async function findUnpacked(config: UnpackSettings): Promise<string | undefined> {
  const folder = folderIn(config);
  try {
    const contents = contentsSchema.parse(JSON.parse(await readFile(join(folder, CONTENTS), 'utf8')));
    const sizes = await sizesIn(folder);
    const isWhole = JAR in contents && Object.entries(contents).every(([file, bytes]) => sizes[file] === bytes);
    return isWhole ? join(folder, JAR) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Unpacks a boot jar into the cache. The server then starts in two thirds of the time, because it reads no jars inside a jar. If unpacking
 * fails, notes why and returns the boot jar itself.
 * @param jar path of a boot jar that has the expected checksum
 * @throws FleetError `cancelled`
 */
export async function unpack(jar: string, java: string, config: UnpackSettings, progress: Progress): Promise<string> {
  const folder = folderIn(config);
  try {
    makeFolder(cacheFolder(config));
    const waiting = `Waiting for another fleet process that is unpacking the server into ${folder} …`;
    return await withLock(`${folder}.lock`, waiting, progress, async () => {
      const found = await findUnpacked(config);
      if (found) return found;
      progress.note(`Unpacking the server into ${folder}. Later starts skip this step …`);
      await unpackInto(folder, jar, java, progress.signal);
      return join(folder, JAR);
    });
  } catch (error) {
    throwIfCancelled(progress.signal);
    progress.note(`The server could not be unpacked, so it starts more slowly: ${messageOf(error)}`);
    return jar;
  }
}

/** The name contains the checksum, so that two different servers never replace each other. */
function folderIn(config: UnpackSettings): string {
  const name = `conductor-server-${release.version}-${expectedChecksum(config).slice(0, 12)}`;
  return join(cacheFolder(config), name);
}

/** Replaces an incomplete folder. This process holds the lock, so an existing draft is from a killed process. */
async function unpackInto(folder: string, jar: string, java: string, signal: AbortSignal): Promise<void> {
  const draft = `${folder}.tmp`;
  try {
    await rm(draft, { recursive: true, force: true });
    const args = ['-Djarmode=tools', '-jar', jar, 'extract', '--destination', draft];
    const extracted = await runProgram(java, args, { signal, env: javaEnvironment(processEnvironment()) });
    const main = join(draft, basename(jar));
    if (extracted.code !== 0 || !existsSync(main)) throw new Error(reasonIn(extracted));
    await rename(main, join(draft, JAR));
    await toDisk(draft);
    await writeFile(join(draft, CONTENTS), JSON.stringify(await sizesIn(draft)));
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** The last printed line that is neither a stack frame nor a notice of Java. */
function reasonIn({ stdout, stderr }: Finished): string {
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.trim());
  const told = lines.filter((line) => line !== '' && !line.startsWith('at ') && !line.startsWith('Picked up '));
  return told.at(-1) ?? 'java printed no reason';
}

/** Writes the files to the disk. Otherwise a file of the right size could hold no data after a power cut. */
async function toDisk(folder: string): Promise<void> {
  for (const name of Object.keys(await sizesIn(folder))) {
    const file = await open(join(folder, name), 'r+');
    await file.sync().finally(() => file.close());
  }
}

/** The size in bytes of each file below a folder, by its relative path. */
async function sizesIn(folder: string): Promise<Record<string, number>> {
  const entries = await readdir(folder, { recursive: true });
  const sized = await Promise.all(
    entries.map(async (name) => {
      const found = await stat(join(folder, name));
      return found.isFile() ? [[name, found.size] as const] : [];
    }),
  );
  return Object.fromEntries(sized.flat());
}
