import type { Execution, Task } from '../../core/conductor/types.ts';
import { DRAIN_SECONDS } from './chaos-workers.ts';
import { answerOf } from './effects.ts';
import type { Evidence } from './evidence.ts';
import type { Wait, Waits } from './waits.ts';

/** A promise of the product, and every observation that breaks it. */
export interface Promised {
  name: string;
  broken: string[];
  /** How many observations the verdict checked. */
  of: number;
}

/** How much longer than its drain time a stop may take: for aborted handlers, the last reports and the end of the process. */
const STOP_GRACE_MS = 8_000;

/** Compares the promises with what happened. */
export function judge(evidence: Evidence, waits: Waits): Promised[] {
  const tasks = evidence.executions.flatMap((execution) => finalTasks(execution));
  return [
    everyOrderCompleted(evidence),
    resultsAreRight(evidence),
    rowsAreThereOnce(evidence, tasks),
    chargesWereMadeOnce(evidence, tasks),
    { name: 'every appended line belongs to a task, and no line is missing', ...appendedLines(evidence, tasks) },
    inTime('no lease ran out while its worker ran, was connected and had received the task in time', waits.timedOut),
    inTime('while tasks waited, no queue stood still for longer than a lease', [...waits.queued, ...waits.taken]),
    inTime('every task that a stopping worker handed back was taken again within its lease', waits.handedBack),
    inTime('every result was delivered within the lease, not counting outages', waits.reported),
    inTime('W3: the end of every lost lease was noticed within ten seconds, not counting outages', waits.noticed),
    stopsWereOrderly(evidence),
    { name: 'no result is left in a spool', broken: evidence.undelivered, of: evidence.lives.length },
  ];
}

/** Returns the last attempt of each of our tasks. */
export function finalTasks({ tasks }: Execution): Task[] {
  const last = new Map<string, Task>();
  for (const task of [...tasks].sort((a, b) => a.seq - b.seq || a.retryCount - b.retryCount)) {
    if (task.taskType.startsWith('chaos_')) last.set(task.referenceTaskName, task);
  }
  return [...last.values()];
}

export function keyOf({ workflowInstanceId, referenceTaskName }: Task): string {
  return `${workflowInstanceId}:${referenceTaskName}`;
}

function everyOrderCompleted({ orders, executions }: Evidence): Promised {
  const there = new Set(executions.map(({ input }) => input.n));
  const missing = orders.filter(({ n }) => !there.has(n)).map(({ n }) => `order ${n} has no execution`);
  const open = executions
    .filter((execution) => execution.status !== 'COMPLETED')
    .map(({ workflowId, workflowName, status, reasonForIncompletion, tasks }) => {
      const where = tasks.map((task) => `${task.referenceTaskName}#${task.retryCount} ${task.status}`).slice(-4);
      return `${workflowName} ${workflowId} is ${status}: ${reasonForIncompletion ?? where.join(', ')}`;
    });
  return { name: 'every workflow completed', broken: [...missing, ...open], of: executions.length };
}

function resultsAreRight({ executions, effects, charges }: Evidence): Promised {
  const rows = new Map(effects.map((effect) => [effect.key, effect]));
  const broken: string[] = [];
  let of = 0;
  for (const execution of executions.filter(({ status }) => status === 'COMPLETED')) {
    const answer = answerOf(Number(execution.input.n));
    if (execution.output.answer !== answer) broken.push(`the output of ${execution.workflowId} is wrong`);
    for (const task of finalTasks(execution)) {
      of++;
      const { outputData } = task;
      const effect = rows.get(keyOf(task));
      const isRight =
        outputData.answer === answer &&
        (outputData.row === undefined || (outputData.row === effect?.row && outputData.pid === effect?.pid)) &&
        (outputData.charge === undefined || outputData.charge === charges.get(`${keyOf(task)}:charge`)?.id);
      if (!isRight) broken.push(`${keyOf(task)} has the output ${JSON.stringify(outputData)}`);
    }
  }
  return { name: 'no result is lost: every output and every receipt is correct', broken, of };
}

function rowsAreThereOnce({ effects }: Evidence, tasks: readonly Task[]): Promised {
  const expected = tasks.filter(({ taskType }) => taskType === 'chaos_book' || taskType === 'chaos_slow');
  const counts = new Map<string, number>();
  for (const { key } of effects) counts.set(key, (counts.get(key) ?? 0) + 1);
  const name = 'every row was written exactly once (onceInside)';
  return { name, broken: compare(expected, counts, (count) => count === 1), of: expected.length };
}

function chargesWereMadeOnce({ charges }: Evidence, tasks: readonly Task[]): Promised {
  const expected = tasks.filter(({ taskType }) => taskType === 'chaos_charge');
  const requests = new Map([...charges].map(([key, charge]) => [key.replace(/:charge$/, ''), charge.requests]));
  const broken = compare(expected, requests, () => true);
  for (const [key, { firsts, mostOpen }] of charges) {
    if (firsts > 1) broken.push(`${key}: ${firsts} requests claimed to be the first`);
    if (mostOpen > 1) broken.push(`${key}: ${mostOpen} requests were open at once`);
  }
  return {
    name: 'every charge was requested, with one first request and one request at a time (once)',
    broken,
    of: expected.length,
  };
}

function appendedLines({ appended }: Evidence, tasks: readonly Task[]): Omit<Promised, 'name'> {
  const expected = tasks.filter(({ taskType }) => taskType === 'chaos_append');
  return { broken: compare(expected, appended, () => true), of: expected.length };
}

/** Lists keys without a task, completed tasks without an effect, and wrong counts. */
function compare(expected: readonly Task[], counts: ReadonlyMap<string, number>, isRight: (count: number) => boolean) {
  const keys = new Set(expected.map(keyOf));
  const foreign = [...counts.keys()].filter((key) => !keys.has(key)).map((key) => `${key} belongs to no task`);
  const wrong = expected
    .filter(({ status }) => status === 'COMPLETED')
    .map((task) => [keyOf(task), counts.get(keyOf(task)) ?? 0] as const)
    .filter(([, count]) => count === 0 || !isRight(count))
    .map(([key, count]) => `${key} has ${count} effects`);
  return [...foreign, ...wrong];
}

function inTime(name: string, waits: readonly Wait[]): Promised {
  const broken = waits
    .filter(({ isBroken }) => isBroken)
    .map(({ task, stillMs, why }) => {
      const { taskId, taskType, retryCount, status, workerId } = task;
      const attempt = `attempt ${retryCount + 1}, ${status}, ${workerId}`;
      return `${taskType} ${taskId} (${attempt}): ${why}, ${(stillMs / 1000).toFixed(1)} s`;
    });
  return { name, broken, of: waits.length };
}

function stopsWereOrderly({ lives }: Evidence): Promised {
  const broken = lives.flatMap(({ worker, pid, end, code, askedAt = 0, endedAt }) => {
    const who = `worker ${worker} (pid ${pid})`;
    if (end === 'itself') return [`${who} ended by itself with ${code}`];
    if (end !== 'stopped') return [];
    const tookMs = endedAt - askedAt;
    if (code !== 0) return [`${who} ended with ${code}`];
    return tookMs > DRAIN_SECONDS * 1000 + STOP_GRACE_MS ? [`${who} took ${tookMs} ms to stop`] : [];
  });
  return { name: 'every worker stopped cleanly on SIGTERM, and no worker ended by itself', broken, of: lives.length };
}
