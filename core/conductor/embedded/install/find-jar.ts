import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { constants, copyFile, link, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Config } from '../../../config.ts';
import { FleetError, messageOf } from '../../../errors.ts';
import { makeFolder } from '../../../files/make-folder.ts';
import { type Progress, throwIfCancelled } from '../progress.ts';
import { cacheFolder } from './cache-folder.ts';
import { fetchWithMaven } from './fetch-with-maven.ts';
import { release } from './release.ts';

export type JarSettings = Pick<Config, 'conductorJar' | 'conductorJarSha256' | 'cacheDir'>;

/**
 * Finds a boot jar with the right checksum: the configured jar, else the jar in the cache, else a jar that Maven fetches. Returns undefined
 * if Maven is not installed or cannot fetch the jar, and notes why.
 * @throws FleetError `config` for a configured jar that is missing or different, `environment` if Maven fetched a different jar
 */
export async function findJar(config: JarSettings, progress: Progress): Promise<string | undefined> {
  if (config.conductorJar !== undefined) return checkConfigured(config.conductorJar, config, progress.signal);
  const expected = expectedChecksum(config);
  const cache = cacheFolder(config);
  // The name contains the checksum, so that two different jars never replace each other.
  const cached = join(cache, `conductor-server-${release.version}-${expected.slice(0, 12)}.jar`);
  if (existsSync(cached)) {
    if ((await checksum(cached, progress.signal)) === expected) return cached;
    progress.note(`${cached} is damaged; fetching it again.`);
    await rm(cached, { force: true });
  }
  await createCache(cache);
  const fetched = await fetchWithMaven(cache, progress);
  return fetched && keepInCache(fetched, cached, expected, progress.signal);
}

/** The checksum that the jar must have, in lower case. */
export function expectedChecksum({ conductorJarSha256 }: Pick<Config, 'conductorJarSha256'>): string {
  return conductorJarSha256?.toLowerCase() ?? release.sha256;
}

/** SHA-256 of a file, in lower-case hexadecimal digits. */
export async function checksum(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), hash, { signal });
  } catch (error) {
    throwIfCancelled(signal);
    throw error;
  }
  return hash.digest('hex');
}

async function checkConfigured(given: string, config: JarSettings, signal: AbortSignal): Promise<string> {
  const jar = resolve(given);
  const expected = expectedChecksum(config);
  const actual = await checksum(jar, signal).catch((cause: unknown) => {
    if (cause instanceof FleetError) throw cause;
    throw new FleetError('config', `CONDUCTOR_JAR: cannot read ${jar}: ${messageOf(cause)}.`, {
      remedy: 'Name the boot jar of the Conductor server, or unset CONDUCTOR_JAR to have it fetched.',
      cause,
    });
  });
  if (actual === expected) return jar;
  throw new FleetError('config', `CONDUCTOR_JAR: ${jar} has the SHA-256 ${actual}, not the expected ${expected}.`, {
    remedy: `Name the boot jar of Conductor ${release.version}, or set CONDUCTOR_JAR_SHA256 if you trust this jar.`,
  });
}

/** Checks the jar's checksum, then adds the jar to the cache in one step. The cache gets a link, or a copy if it is on another disk. */
async function keepInCache(jar: string, cached: string, expected: string, signal: AbortSignal): Promise<string> {
  const draft = `${cached}.${randomUUID()}.tmp`;
  try {
    await link(jar, draft).catch(() => copyFile(jar, draft, constants.COPYFILE_FICLONE));
    const actual = await checksum(draft, signal);
    if (actual !== expected) {
      throw new FleetError(
        'environment',
        `Maven fetched ${jar} with the SHA-256 ${actual}, not the expected ${expected}.`,
        {
          remedy: 'Delete that file and try again, or name a trusted jar with CONDUCTOR_JAR.',
        },
      );
    }
    await rename(draft, cached);
    return cached;
  } finally {
    await rm(draft, { force: true });
  }
}

async function createCache(cache: string): Promise<void> {
  try {
    makeFolder(cache);
  } catch (cause) {
    throw new FleetError('environment', `Cannot create the cache folder ${cache}: ${messageOf(cause)}.`, {
      remedy: 'Name a writable folder with --cache-dir (FLEET_CACHE_DIR).',
      cause,
    });
  }
}
