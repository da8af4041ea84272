import type { Conductor } from '../../core/conductor/api.ts';
import {
  judgeQueue,
  type QueueFacts,
  type QueueVerdict,
  queueStates,
  readQueues,
} from '../../core/conductor/read-queues.ts';
import { orUndefined } from '../../core/errors.ts';
import { inParallel } from '../../core/in-parallel.ts';

/** At most this many open tasks of one queue are read. The oldest of them counts as the oldest task. */
export const OPEN_TASKS = 100;
/** The tasks of at most this many queues are read, because each queue takes requests. */
const QUEUES_READ = 20;
const AT_ONCE = 4;

export interface JudgedQueues {
  /** The worst first, with their tasks and definitions. */
  readonly queues: readonly Judged[];
  /** Queues beyond the limit, judged without their tasks. */
  readonly others: readonly Judged[];
  /** All queues, also those that are not in `queues`. */
  readonly total: number;
}

/** Reads the queues, or those of one type, and judges them. */
export async function readJudgedQueues(
  conductor: Conductor,
  { taskType, limit }: { readonly taskType?: string | undefined; readonly limit: number },
): Promise<JudgedQueues> {
  const all = await readQueues(conductor, taskType);
  const asked = Date.now();
  const sorted = judged(all, asked);
  const first = sorted.slice(0, limit);
  const seen = await inParallel(first, AT_ONCE, ({ facts }, index) => lookInto(conductor, facts, index < QUEUES_READ));
  return {
    queues: withoutIdleDomains(judged(seen, Date.now())),
    others: sorted.slice(limit),
    total: all.length,
  };
}

/** A queue, and what its facts mean. */
export interface Judged {
  /** The number of domains that this row stands for, if they are all idle. */
  readonly domains?: number;
  readonly facts: QueueFacts;
  readonly verdict: QueueVerdict;
  /** When it was judged, in epoch milliseconds. */
  readonly now: number;
}

/** Sorted by state, the worst first, and within a state by queue depth. */
function judged(all: readonly QueueFacts[], now: number): Judged[] {
  return all
    .map((facts) => ({ facts, verdict: judgeQueue(facts, now), now }))
    .sort(
      (a, b) =>
        queueStates.indexOf(a.verdict.state) - queueStates.indexOf(b.verdict.state) ||
        b.facts.waiting - a.facts.waiting ||
        (b.facts.lastPoll?.at ?? 0) - (a.facts.lastPoll?.at ?? 0),
    );
}

/** Makes one row of the idle domains of a task type, because each of them says only when it was polled last. */
function withoutIdleDomains(queues: readonly Judged[]): Judged[] {
  const isIdle = ({ facts, verdict }: Judged) => facts.domain !== undefined && verdict.state === 'idle';
  const byType = Map.groupBy(queues.filter(isIdle), ({ facts }) => facts.taskType);
  return queues.flatMap((queue) => {
    const alike = (isIdle(queue) && byType.get(queue.facts.taskType)) || [queue];
    const [first] = alike; // polled last
    if (first !== queue) return [];
    return [alike.length === 1 ? queue : { ...queue, domains: alike.length }];
  });
}

async function lookInto(conductor: Conductor, facts: QueueFacts, deep: boolean): Promise<QueueFacts> {
  const isEmpty = facts.waiting + facts.hidden === 0;
  if (!deep || (isEmpty && !facts.lastPoll)) return facts;
  const [def, open] = await Promise.all([
    orUndefined(conductor.getTaskDef(facts.taskType)),
    conductor.openTasks(facts.taskType, OPEN_TASKS),
  ]);
  return { ...facts, open, ...(def && { def }) };
}
