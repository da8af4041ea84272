import type { QueueFacts } from '../../../core/conductor/read-queues.ts';
import { queueNameOf } from '../../../core/conductor/read-queues.ts';
import { type LocalWorkers, look, type SeenWorker } from '../../../core/worker-processes/local-workers.ts';
import type { ProcessRow } from '../../shared/fleet.ts';

/** A process elsewhere that has not polled for this long is not shown. */
const POLLED_LATELY_MS = 60_000;

/** The worker processes: those of this machine as `fleet workers` sees them, and others by their polls. */
export async function readProcesses(
  workers: LocalWorkers,
  { queues, now, signal }: { queues: readonly QueueFacts[]; now: number; signal: AbortSignal },
): Promise<ProcessRow[]> {
  const { running, gone } = await workers.announced();
  const here = await Promise.all(running.map((one) => look(one, signal)));
  const known = new Set([...running, ...gone].map(({ workerId }) => workerId));
  return [
    ...here.map(ofThisMachine),
    ...gone.map(({ workerId: id, startedAt }) => ({
      ...{ id, state: 'gone', startedAt: Date.parse(startedAt), rejected: [], types: [], polled: [] },
    })),
    ...elsewhere(queues, known, now),
  ];
}

function ofThisMachine({ workerId = '', startedAt = '', status, problem }: SeenWorker): ProcessRow {
  const started = Date.parse(startedAt);
  const about = { id: workerId, ...(started > 0 && { startedAt: started }), polled: [] };
  if (!status) return { ...about, state: 'silent', problem: problem ?? 'no answer', rejected: [], types: [] };
  const { state, running, concurrency, undelivered, failing, types } = status;
  return {
    ...about,
    ...{ state, running, limit: concurrency, undelivered },
    rejected: [...(failing.polls ? ['polls'] : []), ...(failing.results ? ['results'] : [])],
    types: types.map((one) => ({
      ...{ name: one.name, domain: one.domain, state: one.state, running: one.running, limit: one.concurrency },
    })),
  };
}

/** The server remembers only the last process that polled each queue, so these lists can be incomplete. */
function elsewhere(queues: readonly QueueFacts[], known: ReadonlySet<string>, now: number): ProcessRow[] {
  const polls = queues.flatMap((queue) => {
    const { lastPoll } = queue;
    if (!lastPoll || known.has(lastPoll.workerId) || now - lastPoll.at > POLLED_LATELY_MS) return [];
    return [{ id: lastPoll.workerId, at: lastPoll.at, queue: queueNameOf(queue) }];
  });
  return [...Map.groupBy(polls, ({ id }) => id)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, own]) => ({
      ...{ id, state: 'elsewhere', rejected: [], types: [] },
      polledAt: Math.max(...own.map(({ at }) => at)),
      polled: own.map(({ queue }) => queue).sort(),
    }));
}
