import type { Conductor } from '../../core/conductor/api.ts';
import type { Task } from '../../core/conductor/types.ts';
import type { Announced } from '../../core/worker-processes/announced-workers.ts';
import { RunningTasks } from '../../workers/runtime/watch/running-tasks.ts';

/** A worker process that was killed or has crashed. */
export interface GoneWorker {
  readonly workerId: string;
  readonly startedAt: string;
  /** The tasks that the server still counts as running in it. Undefined if the server did not say. */
  readonly tasks: readonly HeldTask[] | undefined;
}

export interface HeldTask {
  readonly taskId: string;
  readonly taskType: string;
  readonly workflowId: string;
  readonly responseTimeoutSeconds: number;
}

/** More tasks than this are only counted. */
const MOST_SHOWN = 5;

/** No clock of a server is ahead by this much. */
const DAY_MS = 86_400_000;

/** Asks the server which tasks were with these processes. @throws FleetError if the server does not answer */
export async function findHeld(conductor: Conductor, gone: readonly Announced[]): Promise<Map<string, HeldTask[]>> {
  const held = new Map<string, HeldTask[]>(gone.map(({ workerId }) => [workerId, []]));
  const types = [...new Set(gone.flatMap((worker) => worker.types))];
  for await (const page of new RunningTasks().pages(() => conductor, types, Date.now() + DAY_MS))
    for (const task of page) if (task.status === 'IN_PROGRESS') held.get(task.workerId ?? '')?.push(heldTask(task));
  return held;
}

function heldTask({ taskId, taskType, workflowInstanceId: workflowId, responseTimeoutSeconds }: Task): HeldTask {
  return { taskId, taskType, workflowId, responseTimeoutSeconds };
}

/** What to say about a process that is gone: one sentence, then a line for each of the first tasks that were with it. */
export function linesAbout({ workerId, tasks }: GoneWorker): string[] {
  if (tasks === undefined) return [`${workerId} is gone. The server did not say which tasks were with it.`];
  if (tasks.length === 0) return [`${workerId} is gone, no task is with it.`];
  const [were, them, their] =
    tasks.length === 1 ? ['1 task was', 'it', 'its'] : [`${tasks.length} tasks were`, 'them', 'their'];
  const longest = Math.max(...tasks.map((task) => task.responseTimeoutSeconds));
  const lease = longest > 0 ? `${their} lease of ${longest} s` : `${their} lease`;
  const more = tasks.length - MOST_SHOWN;
  return [
    `${workerId} is gone, ${were} with it. The server gives ${them} to other workers when ${lease} is over.`,
    ...tasks
      .slice(0, MOST_SHOWN)
      .map((task) => `  ${task.taskType}  task ${task.taskId}  execution ${task.workflowId}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}
