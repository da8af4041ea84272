import type { Config } from '../../core/config.ts';
import { isObject } from '../../core/json.ts';
import type { Logger } from '../../core/log.ts';
import {
  type Audit,
  type AuditEntry,
  type AuditedRequest,
  type AuditOptions,
  createAudit,
  type Peer,
} from './audit.ts';
import { authorize } from './authorize.ts';
import { Concurrency } from './concurrency.ts';
import type { UseSettings } from './may-use.ts';
import type { Caller } from './permissions.ts';
import { createRateLimit, type RateLimits } from './rate-limit.ts';
import { responseBudget } from './response-budget.ts';
import type { Subject } from './subject.ts';
import { turnedAway } from './turned-away.ts';

/*
 * Admission: every request of a client passes `enter`, for all methods and transports, before its handler runs.
 *
 * 1. Only `mcp/engine/requests.ts` registers handlers, and no handler runs without an entered request. Over HTTP, a request enters at the
 *    door (`mcp/transports/door/admit-at-door.ts`), because only there a refusal can become an HTTP status. Over stdio it enters in its handler.
 * 2. The SDK alone answers `initialize`, `ping` and `server/discover`, and refuses unknown methods. These requests enter too, so that they
 *    are recorded, but no limit holds for them. Notifications do not enter.
 * 3. Every other request counts against the rate limit, except three whose answers never need Conductor: `prompts/list`,
 *    `resources/templates/list` and `resources/unsubscribe`.
 * 4. Each caller has a rate limit of its own. A request above it first waits up to two seconds for its turn.
 * 5. The process's own reads do not enter, for example the reads that watch an execution for a subscriber.
 */

/** A request that wants to enter. */
export interface Arriving {
  /** Names the request in the log, in the audit and in the answer to an unexpected error. */
  readonly id: string;
  /** How it reached the server. */
  readonly peer: Peer;
  readonly caller: Caller;
  readonly method: string;
  readonly params: unknown;
  readonly countsAgainstRateLimit: boolean;
  /** True for a greeting. Its caller gets an answer even with too many other requests at the same time. */
  readonly isAnsweredBySdk?: boolean;
  /** Aborted when the client cancels. A request that waits for the rate limit then ends. */
  readonly signal?: AbortSignal | undefined;
  /** Finds what the request is about. @throws if the request names something that does not exist */
  find(): Subject | Promise<Subject>;
}

/** A request that was let in. Its handler ends it by one of the two functions. */
export interface Admitted {
  readonly isAdmitted: true;
  readonly id: string;
  readonly subject: Subject;
  /** Ends the request with a result. Returns the result as the client may get it. @throws FleetError if the result is too large */
  finish<R>(result: R): R;
  /** Ends the request with an error. Does nothing if the request has ended. */
  fail(error: unknown): void;
}

/** A request that was not let in: FleetError `denied` if the caller lacks the permission or exceeds a limit, or the error of `find`. */
export interface Refused {
  readonly isAdmitted: false;
  readonly id: string;
  readonly error: unknown;
  /** Undefined if the request names something that does not exist. */
  readonly subject: Subject | undefined;
}

/** Lets a request in or refuses it. Never rejects. */
export type Enter = (request: Arriving) => Promise<Admitted | Refused>;

/** A request on its way through the layers. */
interface Passing extends Arriving {
  /** When it arrived, on the clock of `now`. */
  readonly startedAt: number;
  /** What the request is about, after `findSubject`. */
  subject?: Subject;
  /** Ends the count of the request, after `limitConcurrency`. */
  end?(): void;
  /** The record of the request, after `recordIntent`. */
  record?: AuditEntry | undefined;
}

/** One check of admission. */
interface Layer {
  /** Runs before the handler. @throws to refuse the request */
  enter?(request: Passing): void | Promise<void>;
  /** Runs after the handler, on the way out. Returns the result for the client. */
  leave?<R>(result: R, request: Passing): R;
  /** Runs if a later layer refused the request, or if the handler failed. */
  fail?(error: unknown, request: Passing): void;
}

export interface AdmitOptions {
  readonly config: RateLimits &
    UseSettings &
    AuditOptions['config'] &
    Pick<Config, 'rateLimitConcurrent' | 'maxResponseSizeKb'>;
  readonly log: Logger;
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
  /** Aborted at the end of the process. */
  readonly signal: AbortSignal;
}

export interface Admission {
  readonly enter: Enter;
  /** Records a request that was refused before, because nobody knows who sends it. @param id names it in the log */
  readonly turnAway: (id: string, peer: Peer) => void;
}

/** Creates the admission of one process. The layers stand in the order in which a request passes them. */
export function createAdmission(options: AdmitOptions): Admission {
  const audit = createAudit(options);
  options.signal.addEventListener('abort', () => audit.close(), { once: true });
  const layers: readonly Layer[] = [
    recordEnd(audit),
    findSubject,
    checkAccess(options.config),
    limitRate(options),
    limitConcurrency(options.config),
    limitResponse(options.config),
    recordIntent(audit),
  ];
  const outwards = layers.toReversed();
  const enter: Enter = async (arriving) => {
    const { id } = arriving;
    const request: Passing = { ...arriving, startedAt: options.now() };
    let hasEnded = false;
    const fail = (error: unknown) => {
      if (hasEnded) return;
      hasEnded = true;
      for (const layer of outwards) layer.fail?.(error, request);
    };
    try {
      for (const layer of layers) await layer.enter?.(request);
    } catch (error) {
      fail(error);
      return { isAdmitted: false, id, error, subject: request.subject };
    }
    const subject = subjectOf(request);
    const finish = <R>(result: R) => {
      const shown = outwards.reduce((one, layer) => layer.leave?.(one, request) ?? one, result);
      hasEnded = true;
      return shown;
    };
    return { isAdmitted: true, id, subject, finish, fail };
  };
  return { enter, turnAway: turnedAway(audit, options.now) };
}

/** Records what became of a request. It is the outermost layer, so it also records what the others refuse. */
function recordEnd(audit: Audit): Layer {
  return {
    leave(result, request) {
      const { record } = request;
      request.record = undefined; // if it throws, the request is not recorded a second time
      record?.ended({ result });
      return result;
    },
    fail(error, request) {
      if (request.record) return request.record.ended({ error });
      void Promise.resolve(audit.begin(auditedRequest(request, false))).then((record) => record.refused(error));
    },
  };
}

/** Records a request that may change something before it is carried out. */
function recordIntent(audit: Audit): Layer {
  return {
    async enter(request) {
      const { readOnlyHint } = subjectOf(request).annotations;
      request.record = await audit.begin(auditedRequest(request, !readOnlyHint));
    },
  };
}

function auditedRequest(request: Passing, isChanging: boolean): AuditedRequest {
  const { id, caller, method, params, peer, startedAt } = request;
  const { _meta, name, uri, arguments: args, ...others } = isObject(params) ? params : {};
  const [subject] = [name, uri, others.taskId].filter((value) => typeof value === 'string');
  return { id, caller, method, subject, args: args ?? others, isChanging, peer, startedAt };
}

const findSubject: Layer = {
  async enter(request) {
    request.subject = await request.find();
  },
};

function checkAccess(settings: UseSettings): Layer {
  return {
    enter(request) {
      authorize(request.caller, subjectOf(request), settings);
    },
  };
}

function limitRate({ config, log, signal: ended }: AdmitOptions): Layer {
  const rateLimit = createRateLimit(config, log);
  ended.addEventListener('abort', () => void rateLimit.close(), { once: true });
  return {
    async enter(request) {
      const { caller, countsAgainstRateLimit, signal } = request;
      if (countsAgainstRateLimit) await rateLimit.take(caller, subjectOf(request), signal);
      signal?.throwIfAborted();
    },
  };
}

function limitConcurrency({ rateLimitConcurrent }: AdmitOptions['config']): Layer {
  const concurrency = new Concurrency(rateLimitConcurrent);
  return {
    enter(request) {
      if (!request.isAnsweredBySdk) request.end = concurrency.begin(request.caller);
    },
    leave(result, request) {
      request.end?.();
      return result;
    },
    fail: (_error, request) => request.end?.(),
  };
}

function limitResponse({ maxResponseSizeKb }: AdmitOptions['config']): Layer {
  const shorten = responseBudget(maxResponseSizeKb * 1024);
  return { leave: (result, request) => shorten(result, subjectOf(request)) };
}

function subjectOf({ method, subject }: Passing): Subject {
  if (!subject) throw new Error(`${method} has no subject yet.`);
  return subject;
}
