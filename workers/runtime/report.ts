import type { Conductor } from '../../core/conductor/api.ts';
import type { TaskResult } from '../../core/conductor/types.ts';
import { pause } from '../../core/drain.ts';
import { type ErrorCode, FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { Backoff } from './backoff.ts';

/** Answers that will be the same next time: the result is malformed, or its task is gone. */
const FINAL: readonly ErrorCode[] = ['input', 'not-found', 'conflict'];

/** The server also marks passing trouble, such as a busy database, as not worth a retry. After so long it is to be believed. */
const DISBELIEVED_MS = 600_000;

/**
 * Delivers a result. Trouble is waited out, because a late or second result does no harm; an answer that says the server will never
 * take it ends the matter at once.
 * @returns false if the result was refused, or if `giveUp` was aborted before the server took it
 */
export async function report(
  conductor: Conductor,
  result: TaskResult,
  log: Logger,
  giveUp: AbortSignal,
): Promise<boolean> {
  const backoff = new Backoff({ firstMs: 200, mostMs: 10_000 });
  const startedAt = performance.now();
  for (;;) {
    try {
      await conductor.updateTask(result);
      return true;
    } catch (error) {
      if (isFinal(error, performance.now() - startedAt)) {
        log.error({ err: error, status: result.status }, 'the server refused the result of a task');
        return false;
      }
      if (!backoff.failing) log.warn({ err: error }, 'cannot deliver the result of a task; trying until it is taken');
      await pause(backoff.next(), giveUp);
      if (giveUp.aborted) {
        log.error(
          { err: error, status: result.status },
          'the result of a task was not delivered; its lease will run out',
        );
        return false;
      }
    }
  }
}

function isFinal(error: unknown, triedForMs: number): boolean {
  if (!(error instanceof FleetError)) return triedForMs > DISBELIEVED_MS;
  return FINAL.includes(error.code) || (!error.retryable && triedForMs > DISBELIEVED_MS);
}
