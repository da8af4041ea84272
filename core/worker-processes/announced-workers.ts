import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../files/make-folder.ts';
import { startOf } from '../processes.ts';

/** A worker process of this machine, as it announces itself in the data folder. */
const announced = z.object({
  workerId: z.string(),
  pid: z.int().positive(),
  /**
   * Start time of the process, as the operating system writes it. The id alone is not enough, because a later process may get the same id.
   */
  start: z.string(),
  controlUrl: z.url(),
  /** The task types that it serves. */
  types: z.array(z.string()).default([]),
  startedAt: z.iso.datetime(),
});
export type Announced = z.output<typeof announced>;

/** Announces this process to `fleet workers`. Returns a function that withdraws the announcement. */
export async function announce(
  dataDir: string,
  { workerId, controlUrl, types }: Pick<Announced, 'workerId' | 'controlUrl' | 'types'>,
): Promise<() => Promise<void>> {
  const folder = folderIn(dataDir);
  const file = join(folder, `${workerId}.json`);
  const start = (await startOf(process.pid)) ?? '';
  const startedAt = new Date().toISOString();
  const entry: Announced = { workerId, pid: process.pid, start, controlUrl, types, startedAt };
  makeFolder(folder);
  // The file is written under another name first, so that no reader finds half a file.
  await writeFile(`${file}.new`, JSON.stringify(entry));
  await rename(`${file}.new`, file);
  return () => rm(file, { force: true });
}

/** The worker processes that have announced themselves in a data folder, and have not withdrawn it. */
export interface AnnouncedWorkers {
  readonly running: readonly Announced[];
  /** They were killed or have crashed. They stay in this list until `forget` removes them. */
  readonly gone: readonly Announced[];
}

/** Reads the announcements. Removes files that no process of this machine can have written. */
export async function announcedWorkers(dataDir: string): Promise<AnnouncedWorkers> {
  const folder = folderIn(dataDir);
  const names = await readdir(folder).catch(() => []);
  const running: Announced[] = [];
  const gone: Announced[] = [];
  for (const name of names.filter((file) => file.endsWith('.json')).sort()) {
    const entry = announced.safeParse(await readJson(join(folder, name))).data;
    if (entry && (await startOf(entry.pid)) === entry.start) running.push(entry);
    else if (entry && name.startsWith(`${hostname()}-`)) gone.push(entry);
    else await rm(join(folder, name), { force: true });
  }
  return { running, gone };
}

/** Removes the announcement of a process that is gone. */
export async function forget(dataDir: string, { workerId, start }: Announced): Promise<void> {
  const file = join(folderIn(dataDir), `${workerId}.json`);
  // A new process may have got the same id in the meantime.
  if (announced.safeParse(await readJson(file)).data?.start === start) await rm(file, { force: true });
}

const folderIn = (dataDir: string) => join(dataDir, 'workers');

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
