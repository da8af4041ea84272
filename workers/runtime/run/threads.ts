import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { TaskContext } from '../../../core/contract.ts';
import { FleetError, messageOf } from '../../../core/errors.ts';
import type { Attempt } from './attempt.ts';
import type { FromThread, ThreadAnswer, ThreadTask } from './thread-entry.ts';

/**
 * Threads for handlers with `thread: true`. They start when the first task for a thread arrives. When a task is aborted, its thread is
 * ended and replaced. Every caller has a slot within `limit`, so no task waits for a thread here.
 */
export class Threads {
  readonly limit: number;
  #pool: Promise<Piscina> | undefined;

  /** @param limit default: one thread for each processor */
  constructor(limit: number | undefined) {
    this.limit = limit ?? availableParallelism();
  }

  /** Runs the worker's handler in a thread. @throws what the handler throws, or an abort error */
  async run(attempt: Attempt, input: unknown, context: TaskContext): Promise<unknown> {
    const { worker } = attempt;
    if (worker.module === undefined) {
      throw new FleetError(
        'config',
        `${worker.name} has \`thread: true\`, which only works for a worker that is loaded from a file of its own.`,
      );
    }
    this.#pool ??= open(this.limit);
    const pool = await this.#pool;
    const { port1, port2 } = new MessageChannel();
    port1.on('message', (message: FromThread) => void hear(message, context));
    const { signal: _signal, log: _log, addLog: _addLog, progress: _progress, ...plain } = context;
    const task: ThreadTask = { module: worker.module, input, context: plain, port: port2 };
    try {
      const answer: ThreadAnswer = await pool.run(task, { transferList: [port2], signal: attempt.signal });
      if ('thrown' in answer) throw answer.thrown;
      return answer.returned;
    } finally {
      port1.close();
    }
  }

  async close(): Promise<void> {
    await (await this.#pool)?.destroy();
  }
}

async function open(maxThreads: number): Promise<Piscina> {
  const { Piscina } = await import('piscina');
  const entry = import.meta.url.endsWith('.ts') ? './thread-entry.ts' : './thread-entry.js';
  return new Piscina({ filename: new URL(entry, import.meta.url).href, minThreads: 0, maxThreads });
}

/** Carries out the calls that a handler in a thread makes to its context. */
async function hear(message: FromThread, context: TaskContext): Promise<void> {
  switch (message.what) {
    case 'log':
      context.log[message.level](message.fields, message.text);
      return;
    case 'task-log':
      context.addLog(message.line);
      return;
    case 'progress':
      await context.progress(message.output).catch((error: unknown) => {
        context.log.warn({ reason: messageOf(error) }, 'progress could not be shown');
      });
  }
}
