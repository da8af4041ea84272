/** A request from outside to stop. Its signal is aborted once; the reason names what asked. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Restores the default handling of signals. */
  dispose(): void;
}

/** One Ctrl-C can arrive twice: from the terminal, which signals the whole group, and from the program that started this one. */
const SAME_INTERRUPTION_MS = 500;

/** Exit code of a process that was told to stop a second time and ended at once. */
const FORCED_EXIT_CODE = 130;

/**
 * Aborts a signal at the first Ctrl-C, SIGTERM or SIGHUP, or when a parent with an IPC channel dies, so that running work can end in
 * order. A second signal ends the process at once.
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
  if (process.send && !process.connected) orphaned(); // the parent died before the listener was there
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

/** Waits for `work`, or until the signal is aborted. Leaves no listener behind on signals that live long. */
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

/** Waits `ms`, or until the signal is aborted. Resolves in both cases. */
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

/** Waits for `work` at most `ms` and returns whether it has ended. Leaves no timer behind that would keep the process alive. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([work.then(() => true), pause(ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}

/** Runs clean-ups in the reverse of the order in which they were added: each once, and all of them even if one fails. */
export class Cleanups {
  readonly #steps: { what: string; run: () => unknown }[] = [];

  add(what: string, run: () => unknown): void {
    this.#steps.push({ what, run });
  }

  /** Returns the clean-ups that failed, as `[what, error]`. */
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
