import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { startOf } from '../../processes.ts';

const port = z.int().min(1).max(65_535);
const pid = z.int().positive();

const ownerSchema = z.object({ pid, startedAt: z.string() });

const serverRecordSchema = z.object({
  kind: z.enum(['jar', 'docker']),
  /** Identifies this start of the server. The process or container carries this id as a mark. */
  instance: z.string().min(1),
  /** Process id of java; absent for a container. */
  pid: pid.optional(),
  port,
  startedAt: z.iso.datetime(),
  /** When this process ends, it also ends the server. Absent for a server that runs until `fleet server stop`. */
  owner: ownerSchema.optional(),
  llmBaseUrl: z.string().optional(),
  version: z.string(),
});

/** What `server.json` says about the server of a data folder. */
export type ServerRecord = z.output<typeof serverRecordSchema>;
export type Owner = z.output<typeof ownerSchema>;

/** Returns the recorded server, `none` if there is no file, or `broken` if the file cannot be read as a record. */
export function readRecord(file: string): ServerRecord | 'none' | 'broken' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'none' : 'broken';
  }
  return parseRecord(text) ?? 'broken';
}

/** Reads the text of `server.json`. Returns undefined if the text is not a record. */
export function parseRecord(text: string): ServerRecord | undefined {
  try {
    return serverRecordSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export function writeRecord(file: string, record: ServerRecord): void {
  const draft = `${file}.${randomUUID()}.tmp`;
  writeFileSync(draft, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

export function removeRecord(file: string): void {
  rmSync(file, { force: true });
}

/** This process, as the owner of a server. */
export async function thisProcess(): Promise<Owner> {
  return { pid: process.pid, startedAt: (await startOf(process.pid)) ?? '' };
}

/** True while the owner runs. A later process with the same id does not count. */
export async function isOwnerAlive(owner: Owner): Promise<boolean> {
  return (await startOf(owner.pid)) === owner.startedAt;
}

/** Address of the server's API. */
export function urlOf({ port }: Pick<ServerRecord, 'port'>): string {
  return `http://127.0.0.1:${port}/api`;
}
