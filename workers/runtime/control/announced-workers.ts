import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder } from '../../../core/files/make-folder.ts';
import { startOf } from '../../../core/processes.ts';

/** A worker process of this machine, as it announces itself in the data folder. */
const announced = z.object({
  workerId: z.string(),
  pid: z.int().positive(),
  /**
   * Start time of the process, as the operating system writes it. The id alone is not enough, because a later process may get the same id.
   */
  start: z.string(),
  controlUrl: z.url(),
  startedAt: z.iso.datetime(),
});
export type Announced = z.output<typeof announced>;

/** Announces this process to `fleet workers`. Returns a function that withdraws the announcement. */
export async function announce(dataDir: string, workerId: string, controlUrl: string): Promise<() => Promise<void>> {
  const folder = join(dataDir, 'workers');
  const file = join(folder, `${workerId}.json`);
  const start = (await startOf(process.pid)) ?? '';
  const entry: Announced = { workerId, pid: process.pid, start, controlUrl, startedAt: new Date().toISOString() };
  makeFolder(folder);
  // The file is written under another name first. A reader that found half a file would take it for a dead process's file and remove it.
  await writeFile(`${file}.new`, JSON.stringify(entry));
  await rename(`${file}.new`, file);
  return () => rm(file, { force: true });
}

/** Returns the running worker processes of a data folder. Removes the files of ended processes. */
export async function announcedWorkers(dataDir: string): Promise<Announced[]> {
  const folder = join(dataDir, 'workers');
  const names = await readdir(folder).catch(() => []);
  const running: Announced[] = [];
  for (const name of names.filter((file) => file.endsWith('.json')).sort()) {
    const entry = announced.safeParse(await readJson(join(folder, name))).data;
    if (entry && (await startOf(entry.pid)) === entry.start) running.push(entry);
    else await rm(join(folder, name), { force: true });
  }
  return running;
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}
