/**
 * What went wrong, sorted by who can act on it:
 * - `config`      the person who set the option, variable or file
 * - `input`       the caller: the request itself is wrong
 * - `denied`      the caller lacks a permission or went over a limit
 * - `not-found`   the caller named something that is not there
 * - `conflict`    the state of the thing does not allow it now
 * - `upstream`    Conductor or another service failed or could not be reached
 * - `environment` the machine: no Java, no disk, no free port
 * - `terminal`    a task that must not be tried again
 * - `cancelled`   somebody asked to stop
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

export interface FleetErrorOptions {
  /** What the reader can do next, as a sentence. */
  remedy?: string;
  /** Whether the same call may succeed later without a change. Default: only `upstream` is retryable. */
  retryable?: boolean;
  cause?: unknown;
}

/** The one error of this product. Anything else that is thrown is a bug. */
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
 * Thrown by a task worker to fail its task at once, without the retries of the task definition. The runtime knows it by its
 * name as well as by its class, so that a second copy of this package, or a worker thread, does not turn it into a retry.
 */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError';
}

/** What was found, or undefined if it is not there. Every other error goes on. */
export async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof FleetError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** The message of anything that can be thrown, `throw null` included. Never throws, whatever it is handed. */
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

/** An error of another realm, such as a thread, is none of ours by its class. */
function isErrorLike(thrown: unknown): thrown is { message: string } {
  if (typeof thrown !== 'object' || thrown === null || !('message' in thrown)) return false;
  return typeof thrown.message === 'string' && thrown.message !== '';
}

/** Exit codes of the `fleet` command: 2 is the caller's to mend, 1 is everything else, 130 is a Ctrl-C. */
export function exitCodeOf(thrown: unknown): number {
  if (!(thrown instanceof FleetError)) return 1;
  if (thrown.code === 'cancelled') return 130;
  return ['config', 'input', 'not-found', 'denied'].includes(thrown.code) ? 2 : 1;
}
