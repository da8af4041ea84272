import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';

/** A page that answers at all does so at once. */
const ANSWER_MS = 5_000;

const typeSchema = z.looseObject({
  name: z.string(),
  domain: z.string().default(''),
  state: z.string(),
  running: z.number(),
  concurrency: z.number(),
  lastAnswerAt: z.number().default(0),
});

/** What a worker process says of itself on `/status`. */
const statusSchema = z.looseObject({
  workerId: z.string(),
  state: z.string(),
  running: z.number(),
  concurrency: z.number(),
  undelivered: z.number(),
  failing: z.looseObject({ polls: z.boolean(), results: z.boolean() }),
  types: z.array(typeSchema),
});
export type WorkerStatus = z.output<typeof statusSchema>;
export type WorkerTypeStatus = WorkerStatus['types'][number];

/** @throws FleetError `upstream` if the process does not answer */
export function getStatus(url: string, signal: AbortSignal): Promise<WorkerStatus> {
  return ask(url, '/status', { signal });
}

export type Change = { action: 'pause' | 'resume' } | { action: 'concurrency'; concurrency: number };

/**
 * Changes a process, or one task type of it, and returns its status after that.
 * @throws FleetError `not-found` for a type it does not serve, `upstream` if it does not answer
 */
export function change(
  url: string,
  what: Change,
  type: string | undefined,
  signal: AbortSignal,
): Promise<WorkerStatus> {
  const { action, ...body } = what;
  const below = type === undefined ? '' : `/types/${encodeURIComponent(type)}`;
  return ask(url, `${below}/${action}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal,
  });
}

const errorSchema = z.looseObject({ error: z.string() });

async function ask(url: string, path: string, init: RequestInit & { signal: AbortSignal }): Promise<WorkerStatus> {
  const address = `${url.replace(/\/+$/, '')}${path}`;
  let answer: unknown;
  let code: number;
  try {
    const response = await fetch(address, {
      ...init,
      signal: AbortSignal.any([init.signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    code = response.status;
    answer = await response.json();
  } catch (cause) {
    init.signal.throwIfAborted();
    throw unanswered(url, reasonOf(cause), cause);
  }
  if (code === 404 && init.method === 'POST') throw refusal(url, answer);
  const status = statusSchema.safeParse(answer);
  if (code === 200 && status.success) return status.data;
  throw unanswered(url, errorSchema.safeParse(answer).data?.error ?? 'that is no page of a worker process');
}

/** `fetch` itself says only that it failed. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function refusal(url: string, answer: unknown): FleetError {
  const { error = 'It serves views only.' } = errorSchema.safeParse(answer).data ?? {};
  return new FleetError('not-found', `${url}: ${error}`, {
    remedy: 'Changes go to the control port of a process; `fleet workers` shows its address and its types.',
  });
}

function unanswered(url: string, why: string, cause?: unknown): FleetError {
  return new FleetError('upstream', `The worker process at ${url} does not answer: ${why}`, {
    remedy: 'Name its control address, which `fleet workers` shows where the process runs.',
    cause,
  });
}
