import { untilEnd } from '../transports/subscriptions.ts';

/**
 * The same response, whose stream ends at `expiresAt` (seconds since 1970): a stream on which a client waits for changes could otherwise
 * outlive the token by days. The client opens it again with a new token.
 */
export function endWithToken(response: Response, expiresAt: number | undefined): Response {
  const { body, status, headers } = response;
  if (!body || expiresAt === undefined) return response;
  let timer: NodeJS.Timeout | undefined;
  const untilExpired = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      timer = setTimeout(() => controller.terminate(), expiresAt * 1000 - Date.now()).unref();
    },
  });
  const ending = new Response(body.pipeThrough(untilExpired), { status, headers });
  return untilEnd(ending, () => clearTimeout(timer));
}
