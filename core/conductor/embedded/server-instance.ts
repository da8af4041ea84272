import { createHash } from 'node:crypto';
import { commandOf, endProcesses, isRunning, processesWith } from '../../processes.ts';
import type { DataFolder } from './data-folder.ts';
import { endContainer, isContainerRunning } from './docker-container.ts';
import { release } from './install/release.ts';
import { INSTANCE_PROPERTY } from './server-properties.ts';
import { type ServerRecord, urlOf } from './server-record.ts';
import { isInstanceReady } from './wait-until-ready.ts';

/** The server needs two seconds for an orderly shutdown, and more on a busy machine. */
const END_GRACE_MS = 20_000;

/** Arguments that mark a java process as ours. One identifies this start of the server, the other its data folder. */
export const instanceMark = (instance: string) => `-D${INSTANCE_PROPERTY}=${instance}`;
export const folderMark = ({ path }: DataFolder) =>
  `-Dfleet.folder=${createHash('sha256').update(path).digest('hex').slice(0, 32)}`; // hashed, because a path may contain spaces

/** True if the recorded server answers. Another server on the same port does not count. */
export function answers({ port, instance }: ServerRecord): Promise<boolean> {
  return isInstanceReady(urlOf({ port }), instance);
}

/** True while the recorded process or container runs. A later process with the same id does not count. */
export async function isAlive(record: ServerRecord): Promise<boolean> {
  if (record.kind === 'docker') return isContainerRunning(record.instance);
  return record.pid !== undefined && isRunning(record.pid, instanceMark(record.instance));
}

/**
 * Ends the recorded server, by an orderly shutdown if possible. Ends no other process. @throws FleetError `environment` if it does not end
 */
export async function endInstance(record: ServerRecord): Promise<void> {
  if (record.kind === 'docker') await endContainer(record.instance);
  else await endProcesses(instanceMark(record.instance), END_GRACE_MS);
}

/** Finds a server process that runs on this folder although no readable record names it. Its owner is unknown. */
export async function findUnrecorded(folder: DataFolder): Promise<ServerRecord | undefined> {
  const [found] = await processesWith(folderMark(folder));
  const command = found && (await commandOf(found.pid));
  if (!command) return undefined;
  const instance = /-Dfleet\.instance=(\S+)/.exec(command)?.[1];
  const port = Number(/--server\.port=(\d+)/.exec(command)?.[1]);
  const llmBaseUrl = /--conductor\.ai\.litellm\.base-url=(\S+)/.exec(command)?.[1];
  if (instance === undefined || !Number.isInteger(port)) return undefined;
  return {
    kind: 'jar',
    instance,
    pid: found.pid,
    port,
    startedAt: new Date().toISOString(),
    version: release.version,
    ...(llmBaseUrl !== undefined && { llmBaseUrl }),
  };
}
