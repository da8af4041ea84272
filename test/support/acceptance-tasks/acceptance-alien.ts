import { runInNewContext } from 'node:vm';
import { Worker as Thread } from 'node:worker_threads';
import { NonRetryableException } from '@io-orkes/conductor-javascript';
import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { NonRetryableError as Ours } from '../../../core/errors.ts';
import { note, told } from './shared/note.ts';

/** A different class with the same name, as a second copy of the package would contain. */
class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
}

class DeclinedError extends Ours {}

/** Loads our sources a second time, so that the error class is a different one. */
async function secondCopy(): Promise<Error> {
  const address = `${new URL('../../../core/errors.ts', import.meta.url).href}?second-copy`;
  const copy = (await import(address)) as { NonRetryableError: typeof Ours };
  if (copy.NonRetryableError === Ours) throw new Error('this is the same copy');
  return new copy.NonRetryableError('of a second copy');
}

const CLASS = "class NonRetryableError extends Error { name = 'NonRetryableError' }";

function ofOwnThread(): Promise<never> {
  const thread = new Thread(`${CLASS}; throw new NonRetryableError('of a thread')`, { eval: true });
  return new Promise((_, reject) => thread.once('error', reject));
}

/** Functions that make the error to throw, by the origin of its class. */
export const origins: Record<string, () => unknown> = {
  ours: () => new Ours('of this package'),
  'a subclass of ours': () => new DeclinedError('declined'),
  'the same name': () => new NonRetryableError('of the same name'),
  'a second copy': secondCopy,
  'the SDK': () => new NonRetryableException('of the SDK'),
  'a vm context': () => runInNewContext(`${CLASS}; new NonRetryableError('of a vm context')`),
  'a thread of its own': ofOwnThread,
  'a plain error': () => new Error('may be retried'),
  'nearly the name': () => Object.assign(new Error('may be retried'), { name: 'NotNonRetryableErrorAtAll' }),
};

export default defineTask({
  name: 'acceptance_alien',
  description: 'Throws an error whose class comes from the given origin.',
  input: told.extend({ origin: z.string() }),
  output: z.object({}),
  retryCount: 3,
}).worker(async (input, context) => {
  note(input, 'start', context);
  throw await origins[input.origin]?.();
});
