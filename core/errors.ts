/**
 * What went wrong, sorted by who can act on it:
 * - `config`: A flag, a variable or the configuration file is wrong.
 * - `input`: The request itself is wrong.
 * - `denied`: The caller lacks a permission or exceeded a limit.
 * - `not-found`: The request names something that does not exist.
 * - `conflict`: The current state of the resource does not allow the request.
 * - `upstream`: Conductor or another service failed or could not be reached.
 * - `environment`: The machine lacks something, for example Java, disk space or a free port.
 * - `terminal`: A task must not be retried.
 * - `cancelled`: The user or the client asked to stop.
 */
export type ErrorCode =
  | 'config'
  | 'input'
  | 'denied'
  | 'not-found'
  | 'conflict'
  | 'upstream'
  | 'environment'
  | 'terminal'
  | 'cancelled';

/** What a `FleetError` says beside its code and message. */
export interface FleetErrorOptions {
  /** What the reader can do next, as a sentence. */
  remedy?: string;
  /** Whether the same call may succeed later without any change. Default: true for `upstream` only. */
  retryable?: boolean;
  cause?: unknown;
}

/** The only error this product throws on purpose. Anything else that is thrown is a bug. */
export class FleetError extends Error {
  override readonly name = 'FleetError';
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: FleetErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? code === 'upstream';
    this.remedy = options.remedy;
  }
}

/**
 * A worker throws this error to fail its task at once, without the retries of the task definition. The runtime recognises the error by its
 * name, so that it works across threads and across two copies of this package.
 */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
}

/** Awaits `found`. Returns undefined after a `not-found` error, and throws every other error. */
export async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** The message of anything that can be thrown, even of `throw null`. Never throws itself. */
export function messageOf(thrown: unknown): string {
  try {
    return readMessage(thrown);
  } catch {
    return 'something was thrown that cannot be read';
  }
}

function readMessage(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message || thrown.name;
  if (typeof thrown === 'string') return thrown;
  if (isErrorLike(thrown)) return thrown.message;
  try {
    return JSON.stringify(thrown) ?? String(thrown);
  } catch {
    return String(thrown);
  }
}

/** An error from another realm, such as a thread, is not an instance of our `Error` class. */
function isErrorLike(thrown: unknown): thrown is { message: string } {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return false;
  return typeof thrown.message === 'string' && thrown.message !== '';
}

/** Exit codes of the `fleet` command: 2 if the user can correct the error, 130 for Ctrl-C, 1 for everything else. */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof FleetError)) return 1;
  if (thrown.code === 'cancelled') return 130;
  return ['config', 'input', 'not-found', 'denied'].includes(thrown.code) ? 2 : 1;
}
