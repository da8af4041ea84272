import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';

/** What handlers throw where nobody can catch it. */
export interface Strays {
  /** Aborted when the process can no longer be trusted and shall end in order. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * Keeps the process up when a handler has left something behind: a rejected promise that nobody waits for harms nobody else, and is
 * logged. An error thrown from a timer or an event leaves the process in a state that nobody knows: the other tasks may end, then it does.
 */
export function catchStrays(log: Logger): Strays {
  const controller = new AbortController();
  const rejected = (thrown: unknown) =>
    log.error({ reason: messageOf(thrown) }, 'a handler left a rejected promise behind; await it, or catch it');
  const uncaught = (thrown: unknown) => {
    log.fatal(
      { err: thrown, reason: messageOf(thrown) },
      'a handler threw where nobody can catch it; stopping in order',
    );
    controller.abort(new Error(`an uncaught error: ${messageOf(thrown)}`));
  };
  process.on('unhandledRejection', rejected);
  process.on('uncaughtException', uncaught);
  return {
    signal: controller.signal,
    dispose() {
      process.off('unhandledRejection', rejected);
      process.off('uncaughtException', uncaught);
    },
  };
}
