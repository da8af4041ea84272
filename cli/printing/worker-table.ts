import { duration } from '../../core/text.ts';
import type { WorkerTypeStatus } from '../../core/worker-processes/control-pages.ts';
import type { SeenWorker } from '../../core/worker-processes/local-workers.ts';
import type { Queue } from '../../workers/runtime/observe/queue-watch.ts';
import { aligned } from './aligned.ts';

/** One process with a line for each of its types. `queues` is absent if no server answers. */
export function workerTable(shown: SeenWorker, queues: readonly Queue[] | undefined, nowMs: number): string[] {
  const { status, pid, startedAt, controlUrl, problem } = shown;
  const facts = [
    ...(pid === undefined ? [] : [`pid ${pid}`]),
    ...(startedAt === undefined ? [] : [`up ${duration(nowMs - Date.parse(startedAt))}`]),
    controlUrl,
  ];
  if (!status) return [`worker at ${facts.join('  ')}`, `  ${problem ?? 'no answer'}`];
  const { workerId, state, running, concurrency, undelivered, failing } = status;
  const troubles = Object.entries({ polls: failing.polls, results: failing.results }).flatMap(([what, fails]) =>
    fails ? [`the server rejects ${what}`] : [],
  );
  const head = [workerId, state, `${running}/${concurrency} running`, `${undelivered} undelivered`, ...troubles];
  const rows = status.types.map((type) => row(type, queues?.find(isOf(type)), nowMs));
  return [head.concat(facts).join('  '), ...aligned([HEADINGS, ...rows]).map((line) => `  ${line}`)];
}

const HEADINGS = ['TYPE', 'STATE', 'RUNNING', 'DOMAIN', 'ANSWERED', 'QUEUED', 'POLLED LAST BY'];

function isOf({ name, domain }: WorkerTypeStatus): (queue: Queue) => boolean {
  return (queue) => queue.taskType === name && queue.domain === domain;
}

function row(type: WorkerTypeStatus, queue: Queue | undefined, nowMs: number): string[] {
  const { name, domain, state, running, concurrency, lastAnswerAt } = type;
  const { depth = '-', lastPoll } = queue ?? {};
  return [
    name,
    state,
    `${running}/${concurrency}`,
    domain || '-',
    ago(lastAnswerAt, nowMs),
    String(depth),
    lastPoll ? `${lastPoll.workerId} ${ago(lastPoll.at, nowMs)}` : '-',
  ];
}

function ago(at: number, nowMs: number): string {
  return at > 0 ? `${duration(nowMs - at)} ago` : 'never';
}
