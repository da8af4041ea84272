import { isMainThread } from 'node:worker_threads';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { NonRetryableError } from '../../../core/errors.ts';
import { note, told } from './shared/note.ts';

class NonRetryableException extends Error {
  override readonly name = 'NonRetryableException';
}

export const endings: Record<string, () => unknown> = {
  'says where it runs': () => ({ isMainThread }),
  'throws ours': () => {
    throw new NonRetryableError('of a worker thread');
  },
  'throws one of the same name': () => {
    throw new NonRetryableException('of a worker thread');
  },
  'throws a plain error': () => {
    throw new Error('may be retried');
  },
  'throws null': () => {
    throw null;
  },
  'throws what cannot be cloned': () => {
    throw Object.assign(new Error('with a function'), { again: () => undefined });
  },
  'returns what cannot be cloned': () => ({ again: () => undefined }),
  'returns a wrong output': () => 'words',
  'ends its thread': () => process.exit(3),
};

export default defineTask({
  name: 'acceptance_thread',
  description: 'Runs in a thread, and ends in the way that its input names.',
  input: told.extend({ ending: z.string() }),
  output: z.looseObject({}),
  retryCount: 0,
  timeoutSeconds: 20,
  responseTimeoutSeconds: 20,
}).worker(
  async (input, context) => {
    note(input, 'start', context);
    return endings[input.ending]?.() as Record<string, unknown>;
  },
  { thread: true },
);
