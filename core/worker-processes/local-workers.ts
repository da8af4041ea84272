import { resolve } from 'node:path';
import { FleetError, messageOf } from '../errors.ts';
import type { AnnouncedWorkers } from './announced-workers.ts';
import type { Change, WorkerStatus } from './control-pages.ts';

/** A worker process: its address, and its status or the reason why the status is missing. */
export interface SeenWorker {
  readonly controlUrl: string;
  /** Absent if the process did not announce itself in this data folder. */
  readonly workerId?: string;
  readonly pid?: number;
  readonly startedAt?: string;
  readonly status?: WorkerStatus;
  readonly problem?: string;
}

/** What a change did: the new statuses, and why it failed for other processes. */
export interface Changed {
  readonly done: readonly WorkerStatus[];
  readonly failed: readonly Error[];
}

/** The worker processes of this machine that use one data folder. The terminal, the console and MCP tools see and change them with this. */
export interface LocalWorkers {
  /** Absolute. */
  readonly folder: string;
  announced(): Promise<AnnouncedWorkers>;
  /** @throws FleetError `not-found` if no process runs, or none with this id */
  find(workerId?: string): Promise<readonly SeenWorker[]>;
}

export function localWorkers(dataDir: string): LocalWorkers {
  const folder = resolve(dataDir);
  // Few requests are about workers, so the modules are loaded only then.
  const announced = async () => (await import('./announced-workers.ts')).announcedWorkers(folder);
  return {
    folder,
    announced,
    async find(workerId) {
      const { running } = await announced();
      if (running.length === 0)
        throw new FleetError('not-found', `No worker process runs with the data folder "${folder}".`, {
          remedy:
            'Start one: fleet work. Or find one with --data-dir <its data folder> or --url <its control address>.',
        });
      const chosen = workerId === undefined ? running : running.filter((one) => one.workerId === workerId);
      if (chosen.length > 0)
        return chosen.map(({ controlUrl, workerId: id, pid, startedAt }) => ({
          controlUrl,
          workerId: id,
          pid,
          startedAt,
        }));
      throw new FleetError('not-found', `No running worker process has the id "${workerId}".`, {
        remedy: `Name one of these: ${running.map((one) => one.workerId).join(', ')}.`,
      });
    },
  };
}

/** Asks a process for its status. @throws only if `signal` is aborted */
export async function look(found: SeenWorker, signal: AbortSignal): Promise<SeenWorker> {
  const { getStatus } = await import('./control-pages.ts');
  try {
    return { ...found, status: await getStatus(found.controlUrl, signal) };
  } catch (error) {
    signal.throwIfAborted();
    return { ...found, problem: messageOf(error) };
  }
}

/**
 * Changes processes, or one of their task types. A process that does not serve the type is left out.
 * @throws the first error if no process was changed
 */
export async function changeWorkers(
  workers: readonly SeenWorker[],
  what: Change,
  type: string | undefined,
  signal: AbortSignal,
): Promise<Changed> {
  const { change } = await import('./control-pages.ts');
  const outcomes = await Promise.allSettled(workers.map(({ controlUrl }) => change(controlUrl, what, type, signal)));
  const done = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const errors = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
  // Processes may serve different types, so the change succeeds if at least one of them serves the type.
  const failed = errors.filter((error) => !(error instanceof FleetError && error.code === 'not-found'));
  if (done.length === 0) throw failed[0] ?? errors[0];
  return { done, failed };
}
