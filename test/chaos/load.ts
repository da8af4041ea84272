import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { pause } from '../../core/pause.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { register } from '../../workflows/manage/apply.ts';
import { Random } from './random.ts';
import append from './tasks/chaos-append.ts';
import book from './tasks/chaos-book.ts';
import charge from './tasks/chaos-charge.ts';
import slow from './tasks/chaos-slow.ts';

const input = z.object({ n: z.int(), workMs: z.int() });
const output = z.object({ answer: z.int() });

/** A workflow with three parallel effects and a fourth effect after them. */
const fan = defineWorkflow({
  name: 'ChaosFan',
  version: 1,
  description: 'Produces an effect of each kind.',
  input,
  output,
}).build((wf, { n, workMs }) => {
  wf.fork('fan', {
    book: (branch) => branch.task('book', book, { n, workMs }),
    charge: (branch) => branch.task('charge', charge, { n, workMs }),
    append: (branch) => branch.task('append', append, { n, workMs }),
  });
  return { answer: wf.task('confirm', book, { n, workMs }).output.answer };
});

const long = defineWorkflow({
  name: 'ChaosLong',
  version: 1,
  description: 'Runs a task that takes longer than its lease.',
  input,
  output,
}).build((wf, { n, workMs }) => ({ answer: wf.task('slow', slow, { n, workMs }).output.answer }));

export const workers = [append, book, charge, slow];
export const workflows = [fan, long];

/** The lease of each task type, in milliseconds. */
export const leases = new Map(
  workers.map(({ name, options }) => [name, (options.responseTimeoutSeconds ?? 60) * 1000] as const),
);

/** One in this many executions is of the long workflow. */
const LONG_ONE_IN = 12;

/** An execution that the run will start. */
export interface Order {
  name: string;
  n: number;
  workMs: number;
  atMs: number;
}

/** Plans which executions start when. The same seed gives the same plan. */
export function planLoad({ seed, minutes, perMinute }: { seed: number; minutes: number; perMinute: number }): Order[] {
  const random = new Random(seed ^ 0x10ad);
  const count = Math.round(minutes * perMinute);
  return Array.from({ length: count }, (_, n) => {
    const isLong = n % LONG_ONE_IN === LONG_ONE_IN - 1;
    return {
      name: isLong ? long.name : fan.name,
      n,
      workMs: isLong ? random.between(6_000, 12_000) : random.between(10, 1_500),
      atMs: (n * minutes * 60_000) / count,
    };
  });
}

/** Registers everything on the server. */
export async function prepare(conductor: Conductor): Promise<void> {
  const settings = { shopUrl: '', llmProvider: '', llmModel: '' };
  await register(conductor, { tasks: workers, workflows }, settings);
}

/** Starts each order at its time, and retries until the server accepts it. If an order starts twice, that does no harm. */
export async function startAll(conductor: Conductor, orders: readonly Order[], signal: AbortSignal): Promise<void> {
  const beganAt = Date.now();
  const startOne = async ({ name, n, workMs }: Order) => {
    while (!signal.aborted) {
      try {
        await conductor.startWorkflow({ name, input: { n, workMs }, correlationId: String(n) });
        return;
      } catch {
        await pause(500, signal);
      }
    }
  };
  const started: Promise<void>[] = [];
  for (const order of orders) {
    await pause(beganAt + order.atMs - Date.now(), signal);
    if (signal.aborted) break;
    started.push(startOne(order));
  }
  await Promise.all(started);
}

const LOOK_EVERY_MS = 2_000;
const QUERY = `workflowType IN (${workflows.map(({ name }) => name).join(',')})`;
const PAGE = 1_000;

/** Waits until no execution is open or the time is over. Returns the ids of all executions in any order. */
export async function settle(conductor: Conductor, limitMs: number, signal: AbortSignal): Promise<string[]> {
  const until = Date.now() + limitMs;
  for (let quiet = 0; quiet < 2 && Date.now() < until && !signal.aborted; ) {
    const query = `${QUERY} AND status IN (RUNNING,PAUSED)`;
    const { totalHits } = await conductor.searchExecutions({ query, size: 1 });
    quiet = totalHits === 0 ? quiet + 1 : 0;
    await pause(LOOK_EVERY_MS, signal);
  }
  const ids = await allIds(conductor);
  // The server writes the search index after the execution, in another transaction. After a kill the index may be wrong, so this
  // checks each execution.
  for (const id of ids) {
    const seconds = Math.max(0, until - Date.now()) / 1000;
    if (!signal.aborted) await conductor.waitForEnd(id, { seconds, everyMs: LOOK_EVERY_MS });
  }
  return ids;
}

async function allIds(conductor: Conductor): Promise<string[]> {
  const ids = new Set<string>();
  for (let start = 0; ; start += PAGE) {
    const { results } = await conductor.searchExecutions({ query: QUERY, start, size: PAGE });
    for (const { workflowId } of results) ids.add(workflowId);
    if (results.length < PAGE) return [...ids];
  }
}
