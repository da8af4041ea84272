import { z } from 'zod';
import { FleetError, messageOf } from '../errors.ts';

/** A running process answers within milliseconds. A process that does not answer in this time counts as not running. */
const ANSWER_MS = 5_000;

const typeSchema = z.looseObject({
  name: z.string(),
  domain: z.string().default(''),
  state: z.string(),
  running: z.number(),
  concurrency: z.number(),
  lastAnswerAt: z.number().default(0),
});

/** The answer of a worker process to `GET /status`. */
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

/** @throws FleetError `upstream` if no worker process answers at `url` */
export function getStatus(url: string, signal: AbortSignal): Promise<WorkerStatus> {
  return ask(url, '/status', { signal });
}

export type Change = { action: 'pause' | 'resume' } | { action: 'concurrency'; concurrency: number };

/**
 * Changes a process, or one of its task types, and returns its new status.
 * @throws FleetError `not-found` for a type that the process does not serve, `upstream` if the process does not answer
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
    throw noStatus(`No worker process answers at ${url}: ${reasonOf(cause)}.`, cause);
  }
  if (code === 404 && init.method === 'POST') throw refusal(url, answer);
  const status = statusSchema.safeParse(answer);
  if (code === 200 && status.success) return status.data;
  const said = errorSchema.safeParse(answer).data?.error;
  if (said === undefined) throw noStatus(`${url} is not the control address of a worker process.`);
  throw noStatus(`The worker process at ${url} answered with an error: ${said}`);
}

/** The error of `fetch` says only that the call failed. The cause of the error says why. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function refusal(url: string, answer: unknown): FleetError {
  const { error = 'This port accepts no changes.' } = errorSchema.safeParse(answer).data ?? {};
  return new FleetError('not-found', `${url}: ${error}`, {
    remedy: 'Use the control address of the process and one of its types. `fleet workers` lists both.',
  });
}

function noStatus(message: string, cause?: unknown): FleetError {
  return new FleetError('upstream', message, {
    remedy:
      'Check that the process runs, and give its control address. `fleet workers` on its machine lists the address.',
    cause,
  });
}
