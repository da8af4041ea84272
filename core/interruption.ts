/** A request from outside to stop. Its signal is aborted once; the reason names the signal, or the end of the parent. */
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
 * Aborts a signal at the first Ctrl-C, SIGTERM or SIGHUP, or when a parent with an IPC channel dies, so that running work can end in an
 * orderly way. A second signal ends the process at once.
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
