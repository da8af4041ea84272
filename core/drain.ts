/** A stop that was asked for from outside: aborted once, with the name of what asked. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Gives the signals back to their defaults. */
  dispose(): void;
}

/** One Ctrl-C can come twice: from the terminal to the whole group, and handed on by the program that started this one. */
const SAME_INTERRUPTION_MS = 500;

/** Exit code of a process that was told twice to stop and did not wait for the orderly end. */
const FORCED_EXIT_CODE = 130;

/**
 * Turns the first Ctrl-C, SIGTERM or SIGHUP, or the death of a parent that holds an IPC channel, into an aborted signal, so that
 * running work can end in order. A second Ctrl-C or SIGTERM ends the process at once.
 */
export function onInterruption(): Interruption {
  const controller = new AbortController();
  let firstAt = Number.NEGATIVE_INFINITY;
  const stop = (why: string) => {
    const now = performance.now();
    if (controller.signal.aborted && now - firstAt > SAME_INTERRUPTION_MS) process.exit(FORCED_EXIT_CODE);
    if (!controller.signal.aborted) firstAt = now;
    controller.abort(new Error(`stopped by ${why}`));
  };
  const listeners = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => [name, () => stop(name)] as const);
  for (const [name, listener] of listeners) process.on(name, listener);
  const orphaned = () => {
    if (!controller.signal.aborted) stop('the end of its parent');
  };
  process.on('disconnect', orphaned);
  if (process.send && !process.connected) orphaned(); // its end came before anybody listened
  return {
    signal: controller.signal,
    dispose() {
      for (const [name, listener] of listeners) process.off(name, listener);
      process.off('disconnect', orphaned);
    },
  };
}

/** Resolves when the signal is aborted; never rejects. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Waits for `work`, but no longer than until the signal is aborted. Leaves no listener behind, for signals that live long. */
export async function endsOr(signal: AbortSignal, work: Promise<unknown>): Promise<void> {
  if (signal.aborted) return;
  const over = Promise.withResolvers<void>();
  const abort = () => over.resolve();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await Promise.race([work, over.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** Waits, or returns early when the signal is aborted. Resolves in both cases. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** Waits for `work` at most `ms`, and leaves no timer behind that would keep the process alive. Returns whether it has ended. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([work.then(() => true), pause(ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}

/** Runs the clean-ups in the reverse of the order they were added, each once, all of them even if one fails. */
export class Cleanups {
  readonly #steps: { what: string; run: () => unknown }[] = [];

  add(what: string, run: () => unknown): void {
    this.#steps.push({ what, run });
  }

  /** Returns what failed, as `[what, error]`. */
  async run(): Promise<[string, unknown][]> {
    const failures: [string, unknown][] = [];
    for (let step = this.#steps.pop(); step; step = this.#steps.pop()) {
      try {
        await step.run();
      } catch (error) {
        failures.push([step.what, error]);
      }
    }
    return failures;
  }
}
