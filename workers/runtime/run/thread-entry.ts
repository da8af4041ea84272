import type { MessagePort } from 'node:worker_threads';
import { isWorker, type TaskContext } from '../../../core/contract.ts';
import { messageOf } from '../../../core/errors.ts';
import { createForwarder, type LogMessage } from '../../../core/log.ts';

/** The task as it is sent to a thread. Functions cannot be sent, so the thread makes its own. */
export interface ThreadTask {
  module: string;
  input: unknown;
  context: Omit<TaskContext, 'signal' | 'log' | 'addLog' | 'progress'>;
  port: MessagePort;
}

/** What a thread sends while it runs. */
export type FromThread =
  | LogMessage
  | { what: 'task-log'; line: string }
  | { what: 'progress'; output: Record<string, unknown> };

/** An error is sent as its parts, because a copied error loses its name and class. */
export type ThreadAnswer =
  | { returned: unknown }
  | { thrown: { name?: string; message: string; stack?: string; retryable?: boolean } };

/** Runs the handler of a module's default export in this thread. */
export default async function runInThread({ module, input, context, port }: ThreadTask): Promise<ThreadAnswer> {
  const tell = (message: FromThread) => port.postMessage(message);
  try {
    const { default: worker } = (await import(module)) as { default?: unknown };
    if (!isWorker(worker)) return { thrown: { message: `The default export of ${module} is not a worker.` } };
    const returned = await worker.execute(input, {
      ...context,
      signal: new AbortController().signal,
      log: createForwarder(tell),
      addLog: (line) => tell({ what: 'task-log', line }),
      progress: async (output) => tell({ what: 'progress', output }),
    });
    return isCopied(returned) ? { returned } : { thrown: NOT_COPIED };
  } catch (thrown) {
    return { thrown: plainError(thrown) };
  } finally {
    port.close();
  }
}

/** Not retryable: the handler would return the same again. */
const NOT_COPIED = {
  name: 'NonRetryableError',
  message: 'The handler returned a value that cannot be copied out of its thread.',
};

function isCopied(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

function plainError(thrown: unknown): { name?: string; message: string; stack?: string; retryable?: boolean } {
  const { name, stack, retryable } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as Record<
    string,
    unknown
  >;
  return {
    message: messageOf(thrown),
    ...(typeof name === 'string' && { name }),
    ...(typeof stack === 'string' && { stack }),
    ...(typeof retryable === 'boolean' && { retryable }),
  };
}
