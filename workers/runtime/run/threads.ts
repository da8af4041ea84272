import { availableParallelism } from 'node:os';
import { MessageChannel } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { TaskContext } from '../../../core/contract.ts';
import { FleetError, messageOf } from '../../../core/errors.ts';
import type { Attempt } from './attempt.ts';
import type { FromThread, ThreadAnswer, ThreadTask } from './thread-entry.ts';

/**
 * Threads for handlers that compute. They are started when the first such task comes; one that is aborted is ended with whatever it
 * computes, and another takes its place. Whoever runs something has a slot within `limit`, so nothing waits for a thread here.
 */
export class Threads {
  readonly limit: number;
  #pool: Promise<Piscina> | undefined;

  /** Undefined is one for each processor. */
  constructor(limit: number | undefined) {
    this.limit = limit ?? availableParallelism();
  }

  /** Runs the worker's handler in a thread. @throws what the handler throws, or that it was aborted */
  async run(attempt: Attempt, input: unknown, context: TaskContext): Promise<unknown> {
    const { worker } = attempt;
    if (worker.module === undefined) {
      throw new FleetError('config', `${worker.name} wants a thread, which takes a worker that is loaded from a file.`);
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

/** What a handler in a thread asks of its context. */
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
