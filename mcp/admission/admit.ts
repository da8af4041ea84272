import type { Config } from '../../core/config.ts';
import { pause } from '../../core/pause.ts';
import { authorize } from './authorize.ts';
import type { Caller } from './permissions.ts';
import { rateLimiter } from './rate-limiter.ts';
import { responseBudget } from './response-budget.ts';
import type { Subject } from './subject.ts';

/*
 * Admission: every client request passes the function `admit`, for all methods and transports.
 *
 * 1. Only `mcp/engine/requests.ts` registers handlers, and it wraps each handler in `admit`. The SDK itself answers
 *    `subscriptions/listen`, so the transports first ask `mcp/subscriptions/listen-admission.ts` to admit the request.
 * 2. The SDK alone answers `initialize`, `ping` and `server/discover`, and takes notifications. These messages reveal nothing about
 *    Conductor, need no permission and do not count against the rate limit.
 * 3. Every other request counts against the rate limit, except three whose answers never need Conductor: `prompts/list`,
 *    `resources/templates/list` and `resources/unsubscribe`.
 * 4. One rate limit serves all connections of the process. A request above it first waits up to two seconds for its turn.
 * 5. The process's own reads do not count, for example the reads that watch an execution for a subscriber.
 */

export interface AdmissionRequest<S extends Subject> {
  readonly caller: Caller;
  readonly countsAgainstRateLimit: boolean;
  /** Aborted when the client cancels. A request that waits for the rate limit then ends. */
  readonly signal?: AbortSignal;
  /** Finds what the request is about. @throws if the request names something that does not exist */
  find(): S | Promise<S>;
}

/**
 * Checks a request, handles it and returns its result.
 * @throws FleetError `denied` if the caller lacks the permission or exceeds the rate limit. Errors of `find` and `handle` pass through.
 */
export type Admit = <S extends Subject, R>(
  request: AdmissionRequest<S>,
  handle: (subject: S) => R | Promise<R>,
) => Promise<R>;

export interface AdmitOptions {
  readonly config: Pick<Config, 'rateLimitRpm' | 'maxResponseSizeKb'>;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

/** Creates the admission of one process. */
export function createAdmit({ config, now }: AdmitOptions): Admit {
  const limitRate = rateLimiter(config.rateLimitRpm, now);
  const fitResponse = responseBudget(config.maxResponseSizeKb * 1024);
  return async ({ caller, countsAgainstRateLimit, signal, find }, handle) => {
    // Future authentication belongs here. Until it exists, the connection alone decides who the caller is.
    // A future audit record belongs here too, because it must cover every step below, including refusals.
    const subject = await find();
    authorize(caller, subject);
    const waitMs = countsAgainstRateLimit ? limitRate() : 0;
    if (waitMs > 0) await pause(waitMs, signal);
    signal?.throwIfAborted();
    const result = await handle(subject);
    return fitResponse(result, subject);
  };
}
