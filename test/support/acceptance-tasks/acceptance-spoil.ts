import { z } from 'zod';
import { defineTask } from '../../../core/contract.ts';
import { note, told } from './shared/note.ts';

/** Makes an error whose fields all throw when they are read. */
function hostile(): Error {
  const error = new Error();
  for (const field of ['message', 'name', 'stack', 'cause', 'toString', 'toJSON'])
    Object.defineProperty(error, field, {
      get() {
        throw new Error(`do not read ${field}`);
      },
    });
  return error;
}

function circular(): Record<string, unknown> {
  const output: Record<string, unknown> = { name: 'ring' };
  output.self = output;
  return output;
}

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

function raise(thrown: unknown): never {
  throw thrown;
}

/** Every way in which a handler can fail. A returned value is the handler's output. */
export const ways: Record<string, () => unknown> = {
  'throws an error': () => raise(new Error('it broke')),
  'throws null': () => raise(null),
  'throws undefined': () => raise(undefined),
  'throws a number': () => raise(0),
  'throws an object': () => raise({ code: 'E_BROKE' }),
  'throws a symbol': () => raise(Symbol('broke')),
  'throws a revoked proxy': () => raise(revoked()),
  'throws an error without a prototype': () => raise(Object.create(null)),
  'throws an error that cannot be read': () => raise(hostile()),
  'throws a circular object': () => raise(circular()),
  'throws 5 MB of text': () => raise(new Error('x'.repeat(5_000_000))),
  'rejects with a text': () => Promise.reject('only words'),
  'rejects with nothing': () => Promise.reject(),
  'leaves a rejection behind': () => {
    void Promise.reject(new Error('nobody waits for this'));
    return { spoiled: true };
  },
  'returns undefined': () => undefined,
  'returns null': () => null,
  'returns a text': () => 'done',
  'returns a number': () => 7,
  'returns a list': () => [1, 2],
  'returns a function': () => () => 1,
  'returns a circular output': circular,
  'returns a BigInt': () => ({ big: 10n }),
  'returns 40 MB': () => ({ text: 'y'.repeat(40_000_000) }),
  'returns what throws when written': () => ({
    toJSON() {
      throw new Error('not to be written');
    },
  }),
  'returns what throws when read': () => ({
    get value() {
      throw new Error('not to be read');
    },
  }),
};

export default defineTask({
  name: 'acceptance_spoil',
  description: 'Fails in the way that its input names.',
  input: told.extend({ way: z.string() }),
  output: z.looseObject({}),
  retryCount: 0,
}).worker(async (input, context) => {
  note(input, 'start', context);
  try {
    return (await ways[input.way]?.()) as Record<string, unknown>;
  } finally {
    note(input, 'end', context);
  }
});
