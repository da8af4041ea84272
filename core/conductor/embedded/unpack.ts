import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import { cacheFolder } from './cache.ts';
import { expectedChecksum } from './jar.ts';
import { lastWords, runProgram } from './program.ts';
import { type Progress, throwIfCancelled } from './progress.ts';
import { release } from './release.ts';

type UnpackSettings = Pick<Config, 'cacheDir' | 'conductorJarSha256'>;

/** The jar of the server itself, and beside it, as its manifest says, those it needs. */
const JAR = 'server.jar';
/** Written last: what belongs to it, so that what a crash left of it is not taken for the whole. */
const CONTENTS = 'contents.json';
const contentsSchema = z.record(z.string(), z.int());

/** Beyond this, whoever was unpacking was ended in the middle of it. */
const ABANDONED_MS = 3_600_000;

/**
 * The program of a boot jar in our cache, unpacked there if it is not yet. Without jars within a jar a server starts in two thirds of the
 * time. Where it cannot be unpacked, which `note` tells, it is the jar itself.
 * @param jar path of a boot jar that has the expected checksum
 * @throws FleetError `cancelled`
 */
export async function unpacked(jar: string, java: string, config: UnpackSettings, progress: Progress): Promise<string> {
  const cache = cacheFolder(config);
  const name = `conductor-server-${release.version}-${expectedChecksum(config).slice(0, 12)}`;
  const folder = join(cache, name);
  if (await isWhole(folder)) return join(folder, JAR);
  progress.note(`Unpacking the server into ${folder}, once …`);
  const draft = `${folder}.${randomUUID()}.tmp`;
  try {
    await removeAbandoned(cache, name);
    await mkdir(draft, { recursive: true });
    await unpack(jar, java, draft, progress.signal);
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } catch (error) {
    throwIfCancelled(progress.signal);
    if (!(await isWhole(folder))) {
      // nobody else was faster either
      progress.note(`It cannot be unpacked and starts slower: ${messageOf(error)}`);
      return jar;
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return join(folder, JAR);
}

async function unpack(jar: string, java: string, draft: string, signal: AbortSignal): Promise<void> {
  const extracted = await runProgram(
    java,
    ['-Djarmode=tools', '-jar', jar, 'extract', '--destination', draft, '--force'],
    { signal },
  );
  const main = join(draft, basename(jar));
  if (extracted.code !== 0 || !existsSync(main)) throw new Error(lastWords(extracted, 2));
  await rename(main, join(draft, JAR));
  await writeFile(join(draft, CONTENTS), JSON.stringify(await sizesIn(draft)));
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    const contents = contentsSchema.parse(JSON.parse(await readFile(join(folder, CONTENTS), 'utf8')));
    const sizes = await sizesIn(folder);
    return JAR in contents && Object.entries(contents).every(([file, bytes]) => sizes[file] === bytes);
  } catch {
    return false;
  }
}

/** Bytes of each file below a folder, by its path there. */
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

async function removeAbandoned(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache).catch(() => [])) {
    if (!entry.startsWith(`${name}.`) || !entry.endsWith('.tmp')) continue;
    const path = join(cache, entry);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
