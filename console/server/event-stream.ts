import type { Message } from '../shared/messages.ts';
import { SAFE } from './policy.ts';

/** Shows the browser and proxies that the stream is alive. */
const BEAT_MS = 15_000;
/** A browser that lost the stream asks again after this time. */
const RETRY_MS = 1000;
/** So much may wait for a client that does not read. Then its stream ends, and the client opens it again. */
const MOST_WAITING_BYTES = 8_000_000;

/** Sends the message of a topic to one client. */
export type Send = (topic: string, message: Message) => void;

/**
 * A stream of server-sent events. Each event is named after its topic.
 * @param begin called once, with the function that sends. It returns a function that ends the sending.
 */
export function eventStream(begin: (send: Send) => () => void): { response: Response; close(): void } {
  const encoder = new TextEncoder();
  let end = () => {};
  let close = () => {};
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string) => controller.enqueue(encoder.encode(text));
        const beat = setInterval(() => write(': beat\n\n'), BEAT_MS).unref();
        write(`retry: ${RETRY_MS}\n\n`);
        const stop = begin((topic, message) => {
          write(`event: ${topic}\ndata: ${JSON.stringify(message)}\n\n`);
          if ((controller.desiredSize ?? 0) < -MOST_WAITING_BYTES) close();
        });
        end = () => {
          clearInterval(beat);
          stop();
          end = () => {};
        };
        close = () => {
          end();
          close = () => {};
          controller.close();
        };
      },
      cancel: () => end(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: 0 }),
  );
  const headers = {
    ...SAFE,
    'Content-Type': 'text/event-stream',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  };
  return { response: new Response(body, { headers }), close: () => close() };
}
