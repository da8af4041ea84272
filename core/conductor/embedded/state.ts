import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { startOf } from '../../processes.ts';

const port = z.int().min(1).max(65_535);
const pid = z.int().positive();

const ownerSchema = z.object({ pid, startedAt: z.string() });

const serverStateSchema = z.object({
  kind: z.enum(['jar', 'docker']),
  /** Names this start of the server; its process or container carries it. */
  instance: z.string().min(1),
  /** Of the java process; a container has none that means anything here. */
  pid: pid.optional(),
  port,
  startedAt: z.iso.datetime(),
  /** The process that ends the server with itself. Absent for a server that stays until it is stopped by name. */
  owner: ownerSchema.optional(),
  llmBaseUrl: z.string().optional(),
  version: z.string(),
});

/** What `server.json` says about the server of a data folder. */
export type ServerState = z.output<typeof serverStateSchema>;
export type Owner = z.output<typeof ownerSchema>;

/** The recorded server, `none`, or `broken` for a file that cannot be read as one. */
export function readState(file: string): ServerState | 'none' | 'broken' {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'none' : 'broken';
  }
  return parseState(text) ?? 'broken';
}

/** A state from the text of `server.json`; nothing if it is not one. */
export function parseState(text: string): ServerState | undefined {
  try {
    return serverStateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Replaces the file as a whole, so that a reader never sees half of it. */
export function writeState(file: string, state: ServerState): void {
  const draft = `${file}.${randomUUID()}.tmp`;
  writeFileSync(draft, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

export function removeState(file: string): void {
  rmSync(file, { force: true });
}

/** This process, as the owner of a server. */
export async function thisProcess(): Promise<Owner> {
  return { pid: process.pid, startedAt: (await startOf(process.pid)) ?? '' };
}

/** True while the owner itself runs, and not a later process with its number. */
export async function isOwnerAlive(owner: Owner): Promise<boolean> {
  return (await startOf(owner.pid)) === owner.startedAt;
}

/** Address of the API of that server. */
export function urlOf({ port }: Pick<ServerState, 'port'>): string {
  return `http://127.0.0.1:${port}/api`;
}
