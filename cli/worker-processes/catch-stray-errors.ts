import { messageOf } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';

/** Watches for errors that handlers throw outside of their promise. */
export interface StrayErrors {
  /** Aborted by an uncaught error: the process must drain and end. */
  readonly signal: AbortSignal;
  dispose(): void;
}

/**
 * Keeps the process up after an error outside of a handler's promise. A rejected promise without a `catch` harms no other task and is only
 * logged. An error from a timer or an event leaves the process in an unknown state, so the process finishes its running tasks and ends.
 */
export function catchStrayErrors(log: Logger): StrayErrors {
  const controller = new AbortController();
  const rejected = (thrown: unknown) =>
    log.error({ reason: messageOf(thrown) }, 'a handler left a rejected promise behind: await it, or catch its error');
  const uncaught = (thrown: unknown) => {
    log.fatal(
      { err: thrown, reason: messageOf(thrown) },
      'a handler threw an error outside of its promise, from a timer or an event: stopping after the running tasks',
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
