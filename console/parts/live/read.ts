import type { Message, Problem } from '../../shared/messages.ts';
import { useEffect, useState } from '../html.ts';
import { heard } from './topics.ts';

/** Shown if the server does not say itself what is wrong. */
const NO_ANSWER: Problem = { code: 'upstream', message: 'The fleet did not answer.', remedy: 'Try again.' };

/** Reads a topic once. @throws never: a failure is a message too */
export async function readTopic(address: string): Promise<Message> {
  try {
    const response = await fetch(`/console/read?topic=${encodeURIComponent(address)}`);
    const body = (await response.json()) as Message | { error?: Problem }; // our server wrote it
    heard();
    return 'value' in body ? body : { at: Date.now(), error: ('error' in body && body.error) || NO_ANSWER };
  } catch {
    return { at: Date.now(), error: NO_ANSWER };
  }
}

/**
 * The value of a topic that is read once, and again if `mark` changes. Undefined until the answer.
 * @param address undefined to read nothing
 */
export function useReading<V>(
  address: string | undefined,
  mark: unknown = '',
): { readonly value?: V; readonly problem?: Problem } | undefined {
  const [read, set] = useState<{ address: string; value?: V; problem?: Problem }>();
  useEffect(() => {
    let isGone = false;
    if (address === undefined) return;
    void readTopic(address).then((message) => {
      if (isGone) return;
      if ('value' in message)
        set({ address, value: message.value as V }); // the topic of this address has this type
      else if ('error' in message) set({ address, problem: message.error });
    });
    return () => {
      isGone = true;
    };
  }, [address, mark]);
  return read?.address === address ? read : undefined;
}
