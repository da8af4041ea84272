import { callHttp, NonRetryableError, type TaskContext, type z } from 'conductor-fleet';

interface ShopCall<A extends z.ZodType> {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: unknown;
  answer: A;
}

const TIMEOUT_SECONDS = 10;

/**
 * Makes one call to the shop, with the task's idempotency key. A refusal (4xx) fails the task without a retry. After an outage the retries
 * of the task definition apply.
 */
export async function callShop<A extends z.ZodType>(
  { settings, signal, idempotencyKey }: TaskContext,
  { method, path, body, answer }: ShopCall<A>,
): Promise<z.output<A>> {
  const url = `${settings.shopUrl}${path}`;
  const response = await callHttp({ url, method, body, timeoutSeconds: TIMEOUT_SECONDS, signal, idempotencyKey });
  if (!response.ok) {
    throw new NonRetryableError(
      `The shop refused ${method} ${path}: ${response.statusCode} ${JSON.stringify(response.body)}`,
    );
  }
  return answer.parse(response.body);
}
