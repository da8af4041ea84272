import { createHash } from 'node:crypto';
import { commandOf, endProcesses, isRunning, processesWith } from '../../processes.ts';
import type { DataFolder } from './data-folder.ts';
import { endContainer, isContainerRunning } from './docker-container.ts';
import { release } from './install/release.ts';
import { INSTANCE_PROPERTY } from './server-properties.ts';
import { type ServerRecord, urlOf } from './server-record.ts';
import { isInstanceReady } from './wait-until-ready.ts';

/** The server needs two seconds for an orderly end; a loaded machine more. */
const END_GRACE_MS = 20_000;

/** Arguments that tell a java process of ours from any other, and which start and folder it belongs to. */
export const instanceMark = (instance: string) => `-D${INSTANCE_PROPERTY}=${instance}`;
export const folderMark = ({ path }: DataFolder) =>
  `-Dfleet.folder=${createHash('sha256').update(path).digest('hex').slice(0, 32)}`; // a path may hold spaces

/** True if the recorded server itself answers. */
export function answers({ port, instance }: ServerRecord): Promise<boolean> {
  return isInstanceReady(urlOf({ port }), instance);
}

/** True while the recorded process or container itself runs, not another one that got its number. */
export async function isAlive(state: ServerRecord): Promise<boolean> {
  if (state.kind === 'docker') return isContainerRunning(state.instance);
  return state.pid !== undefined && isRunning(state.pid, instanceMark(state.instance));
}

/** Ends the recorded server, orderly if it still can; never touches anything else. @throws FleetError `environment` if it does not end */
export async function endInstance(state: ServerRecord): Promise<void> {
  if (state.kind === 'docker') await endContainer(state.instance);
  else await endProcesses(instanceMark(state.instance), END_GRACE_MS);
}

/** The jar's process that runs on this folder although nothing readable records it. It has no owner any more. */
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
