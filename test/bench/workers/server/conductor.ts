import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { TaskDef, WorkflowDef } from '../../../../core/conductor/types.ts';

/** The calls that a bench makes to a Conductor server. This client shares no code with the measured programs. */
export interface BenchConductor {
  readonly url: string;
  putTaskDefs(defs: readonly TaskDef[]): Promise<void>;
  putWorkflowDef(def: WorkflowDef): Promise<void>;
  /** Returns the ids of the new executions. */
  start(name: string, count: number): Promise<string[]>;
  /** Returns how many executions of this workflow are open. */
  running(name: string): Promise<number>;
  /** Returns those of `types` that a worker has polled since `since` (epoch milliseconds). */
  polledSince(types: readonly string[], since: number): Promise<string[]>;
  taskTimes(workflowId: string, types: readonly string[]): Promise<TaskTimes[]>;
  /** Returns how many polls and task updates the server has answered since its start. */
  answered(): Promise<RequestCounts>;
}

/** Times by the server's own clock, in epoch milliseconds. */
export interface TaskTimes {
  scheduledTime: number;
  startTime: number;
  endTime: number;
  status: string;
}

export interface RequestCounts {
  polls: number;
  updates: number;
}

const execution = z.object({
  tasks: z.array(
    z.object({
      taskType: z.string(),
      status: z.string(),
      scheduledTime: z.number(),
      startTime: z.number(),
      endTime: z.number(),
    }),
  ),
});
const pollData = z.array(z.object({ queueName: z.string(), lastPollTime: z.number() }));
const REQUESTS_AT_ONCE = 8;

export function benchConductor(url: string): BenchConductor {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(url + path, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${text.slice(0, 300)}`);
    return answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
  };
  return {
    url,
    putTaskDefs: async (defs) => void (await call('POST', '/metadata/taskdefs', defs)),
    putWorkflowDef: async (def) => void (await call('PUT', '/metadata/workflow', [def])),
    start: (name, count) =>
      inParallel(Array.from({ length: count }), async () =>
        z
          .string()
          .min(1)
          .parse(await call('POST', '/workflow', { name, version: 1, input: {} })),
      ),
    running: async (name) => z.array(z.string()).parse(await call('GET', `/workflow/running/${name}?version=1`)).length,
    async polledSince(types, since) {
      const seen = await inParallel(types, async (type) =>
        pollData.parse(await call('GET', `/tasks/queue/polldata?taskType=${type}`)),
      );
      return types.filter((_, index) => seen[index]?.some(({ lastPollTime }) => lastPollTime >= since));
    },
    async taskTimes(workflowId, types) {
      const { tasks } = execution.parse(await call('GET', `/workflow/${workflowId}?includeTasks=true`));
      return tasks.filter(({ taskType }) => types.includes(taskType));
    },
    answered: async () => requestCounts(z.string().parse(await call('GET', '/../actuator/prometheus'))),
  };
}

/** Calls `done` repeatedly until it returns true. @throws if the time limit is over or the signal is aborted */
export async function until(
  what: string,
  { limitMs, signal, everyMs = 200 }: { limitMs: number; signal: AbortSignal; everyMs?: number },
  done: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + limitMs;
  while (!(await done())) {
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await pause(everyMs, undefined, { signal });
  }
}

async function inParallel<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async () => {
    for (const [index, item] of queue) results[index] = await run(item);
  };
  await Promise.all(Array.from({ length: REQUESTS_AT_ONCE }, worker));
  return results;
}

/** Reads the server's own request counters. The server keeps them by method and path. */
function requestCounts(metrics: string): RequestCounts {
  const counts: RequestCounts = { polls: 0, updates: 0 };
  for (const [, labels = '', value] of metrics.matchAll(/^http_server_requests_seconds_count\{(.*)\} (\S+)$/gm)) {
    const [, uri = ''] = /uri="([^"]*)"/.exec(labels) ?? [];
    if (uri.startsWith('/api/tasks/poll/')) counts.polls += Number(value);
    else if (labels.includes('method="POST"') && /^\/api\/tasks(\/update-v2)?$/.test(uri))
      counts.updates += Number(value);
  }
  return counts;
}
