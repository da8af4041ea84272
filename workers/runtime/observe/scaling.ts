import { FleetError } from '../../../core/errors.ts';
import type { FleetStatus } from '../fleet.ts';
import type { Queue } from './queue-watch.ts';

export interface Demand {
  /** Number of tasks that wait to be polled, over all domains that this process polls. */
  queued: number;
  /** Number of tasks that run in this process. The server does not count the running tasks of other processes. */
  running: number;
  /** Largest number of tasks that one process like this one executes at once. */
  concurrency: number;
  /** How many processes like this one are needed to execute all these tasks at once. */
  desiredProcesses: number;
}

export interface Scaling {
  total: Demand;
  types: Record<string, Demand>;
}

/**
 * Tells an autoscaler how much work there is for processes like this one.
 * @param only the task types to count; empty for all
 * @throws FleetError `not-found` if this process does not serve one of them
 */
export function scalingOf(status: FleetStatus, queues: readonly Queue[], only: readonly string[] = []): Scaling {
  const served = [...new Set(status.types.map(({ name }) => name))];
  const unknown = only.filter((name) => !served.includes(name));
  if (unknown.length > 0) {
    throw new FleetError('not-found', `This process does not serve ${unknown.join(', ')}.`, {
      remedy: `It serves ${served.join(', ')}.`,
    });
  }
  const names = only.length > 0 ? [...new Set(only)] : served;
  const types = Object.fromEntries(names.map((name) => [name, demandOf(name, status, queues)]));
  const demands = Object.values(types);
  const queued = sum(demands.map((demand) => demand.queued));
  const running = sum(demands.map((demand) => demand.running));
  const { concurrency } = status;
  const most = Math.max(0, ...demands.map((demand) => demand.desiredProcesses));
  const desiredProcesses = Math.max(most, Math.ceil((queued + running) / concurrency));
  return { total: { queued, running, concurrency, desiredProcesses }, types };
}

function demandOf(name: string, status: FleetStatus, queues: readonly Queue[]): Demand {
  const pollers = status.types.filter((type) => type.name === name);
  const queued = sum(queues.filter(({ taskType }) => taskType === name).map(({ depth }) => depth));
  const running = sum(pollers.map((poller) => poller.running));
  const concurrency = Math.min(status.concurrency, sum(pollers.map((poller) => poller.concurrency)));
  return { queued, running, concurrency, desiredProcesses: Math.ceil((queued + running) / concurrency) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
