/**
 * The server of one data folder.
 *
 * States of a folder, derived from `server.json` and the processes of the machine:
 * - `empty`: No server is recorded, and no server runs.
 * - `owned`: A server runs. Its owner, the process that will end it, runs too.
 * - `detached`: A server without an owner runs until `fleet server stop`.
 * - `orphaned`: A server runs, but its owner was killed or crashed.
 * - `stale`: The recorded server no longer runs.
 *
 * Rules:
 * 1. A process that starts, takes over, or ends a server holds the folder's lock.
 * 2. There is one server per folder: a second start uses the first server, and an orphaned server gets a new owner.
 * 3. This module ends a process or container only if it carries the instance mark that the record names.
 * 4. A process records its server before it waits for the first answer, and removes the record once the server has ended.
 */

import type { Config } from '../../config.ts';
import { FleetError } from '../../errors.ts';
import { createFolder, type DataFolder, dataFolder, prepareFiles } from './data-folder.ts';
import { removeLeftContainers } from './docker-container.ts';
import { withLock } from './file-lock.ts';
import { refuseFullDisk } from './free-space.ts';
import { findProgram } from './install/find-program.ts';
import { launchServer } from './launch-server.ts';
import type { Progress } from './progress.ts';
import { answers, endInstance, findUnrecorded, isAlive } from './server-instance.ts';
import {
  isOwnerAlive,
  readRecord,
  removeRecord,
  type ServerRecord,
  thisProcess,
  writeRecord,
} from './server-record.ts';
import { waitUntilReady } from './wait-until-ready.ts';

export interface EnsureOptions {
  progress: Progress;
  fresh: boolean;
  detached: boolean;
  llmBaseUrl?: string | undefined;
}

export interface Ensured {
  record: ServerRecord;
  owned: boolean;
  reused: boolean;
}

/** A recorded server that does not answer has at least this much time before it is ended. */
const LEAST_PATIENCE_MS = 10_000;

/** Uses the folder's server, or starts one. @throws FleetError that says why neither is possible */
export async function ensureEmbedded(config: Config, options: EnsureOptions): Promise<Ensured> {
  refuseWindows();
  const folder = dataFolder(config.dataDir);
  createFolder(folder);
  return underLock(folder, options.progress, async () => {
    const running = await findRunning(folder, options.progress.note);
    if (running && options.fresh) throw notWhileRunning(folder, running);
    if (running && (await willAnswer(running, config, options.progress)))
      return share(folder, running, options.detached);
    if (running) {
      options.progress.note(`The server on port ${running.port} runs but does not answer; stopping it.`);
      await endInstance(running);
    }
    return start(config, folder, options);
  });
}

/** The running server of the folder, even if it is not recorded. */
export async function findRunning(
  folder: DataFolder,
  note: (line: string) => void = () => undefined,
): Promise<ServerRecord | undefined> {
  const recorded = readRecord(folder.record);
  if (recorded === 'broken')
    note(`Cannot read ${folder.record}; looking for the server among the processes of this machine.`);
  else if (recorded !== 'none' && (await isAlive(recorded))) return recorded;
  return findUnrecorded(folder);
}

/** Stops the folder's server if `mayEnd` returns true. Returns its record, or undefined if no server was stopped. */
export async function endEmbedded(
  folder: DataFolder,
  progress: Progress,
  mayEnd: (record: ServerRecord) => boolean,
): Promise<ServerRecord | undefined> {
  return underLock(folder, progress, async () => {
    const running = await findRunning(folder);
    if (running && !mayEnd(running)) return undefined;
    if (running) await endInstance(running);
    removeRecord(folder.record);
    return running;
  });
}

function underLock<T>(folder: DataFolder, progress: Progress, task: () => Promise<T>): Promise<T> {
  const waiting = `Waiting for another fleet process that is starting or stopping the server in ${folder.path} …`;
  return withLock(folder.lock, waiting, progress, task);
}

async function start(config: Config, folder: DataFolder, options: EnsureOptions): Promise<Ensured> {
  const { progress, fresh, detached, llmBaseUrl } = options;
  const program = await findProgram(config, progress); // first, so that the old data stays if no program is found
  removeRecord(folder.record);
  refuseFullDisk(folder.path);
  prepareFiles(folder, { fresh, note: progress.note });
  if (program.kind === 'docker') await removeLeftContainers(folder);
  const owner = detached ? undefined : await thisProcess();
  const record = await launchServer({ config, folder, program, owner, llmBaseUrl }, progress);
  return { record, owned: !detached, reused: false };
}

/** Takes over an orphaned server. An owned or detached server stays as it is. */
async function share(folder: DataFolder, running: ServerRecord, detached: boolean): Promise<Ensured> {
  const { owner, ...ownerless } = running;
  const orphaned = owner !== undefined && !(await isOwnerAlive(owner));
  const owned = orphaned && !detached;
  const record = owned ? { ...running, owner: await thisProcess() } : orphaned ? ownerless : running;
  writeRecord(folder.record, record);
  return { record, owned, reused: true };
}

/** Waits for a server that was started a moment ago and may still be booting. */
async function willAnswer(running: ServerRecord, config: Config, progress: Progress): Promise<boolean> {
  if (await answers(running)) return true;
  const sinceStart = Date.now() - Date.parse(running.startedAt);
  const patience = Math.max(config.serverStartSeconds * 1000 - sinceStart, LEAST_PATIENCE_MS);
  const booting = { answers: () => answers(running), isAlive: () => isAlive(running), readLog: async () => '' };
  return (await waitUntilReady(booting, patience, progress)) === 'ready';
}

function notWhileRunning(folder: DataFolder, { port }: ServerRecord): FleetError {
  return new FleetError(
    'conflict',
    `A server runs on port ${port} with the data in ${folder.path}; no server can start empty there now.`,
    {
      remedy: 'Stop it with `fleet server stop`, or name another folder with --data-dir (FLEET_DIR).',
    },
  );
}

/** On Windows we could start a server, but could not find or end its process later. */
function refuseWindows(): void {
  if (process.platform !== 'win32') return;
  throw new FleetError('environment', 'The embedded server does not run on Windows.', {
    remedy: 'Use WSL, or start the server with `docker compose up conductor` and set CONDUCTOR_SERVER_URL.',
  });
}
