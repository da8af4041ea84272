import { setTimeout as pause } from 'node:timers/promises';
import type { Assignment } from './assignment.ts';

/** The fields of a polled task that a result needs. */
export interface RawTask {
  taskId: string;
  workflowInstanceId: string;
  inputData: { item: number };
}

/** The HTTP calls of a raw loop, without checks, retries or time limits. */
export interface RawClient {
  get(path: string): Promise<unknown>;
  /** Returns the parsed answer, or undefined if the answer is not JSON. */
  post(path: string, body: string): Promise<unknown>;
}

const workerId = `raw-${process.pid}`;
const IDLE_MS = 100;

/**
 * Does the least that a worker can do, as the lower bound for all others. When half of a type's slots are free, it polls for that
 * many tasks. It answers each task with a plain update.
 */
export async function runPlain({ types }: Assignment, client: RawClient): Promise<void> {
  await Promise.all(types.map(({ name, concurrency }) => loop(name, concurrency, client, answerPlain)));
}

/** Runs the same loop with update-v2, which returns the next task. A slot runs tasks of its type one after the other until none is left. */
export async function runChained({ types }: Assignment, client: RawClient): Promise<void> {
  await Promise.all(types.map(({ name, concurrency }) => loop(name, concurrency, client, answerChained)));
}

async function loop(type: string, concurrency: number, client: RawClient, answer: typeof answerPlain): Promise<void> {
  let free = concurrency;
  let freed = Promise.withResolvers<void>();
  const settle = () => {
    free++;
    freed.resolve();
  };
  for (;;) {
    while (free < concurrency / 2) {
      freed = Promise.withResolvers();
      await freed.promise;
    }
    const count = free;
    const path = `/tasks/poll/batch/${type}?count=${count}&timeout=0&workerid=${workerId}`;
    const tasks = (await client.get(path)) as RawTask[];
    free -= tasks.length;
    for (const task of tasks) answer(task, client).then(settle);
    if (tasks.length === 0) await pause(IDLE_MS);
  }
}

async function answerPlain(task: RawTask, client: RawClient): Promise<void> {
  await client.post('/tasks', resultOf(task));
}

async function answerChained(task: RawTask, client: RawClient): Promise<void> {
  for (let next: RawTask | undefined = task; next; ) {
    next = (await client.post('/tasks/update-v2', resultOf(next))) as RawTask | undefined;
  }
}

function resultOf({ taskId, workflowInstanceId, inputData }: RawTask): string {
  return JSON.stringify({
    workflowInstanceId,
    taskId,
    workerId,
    status: 'COMPLETED',
    outputData: { item: inputData.item },
  });
}
