/**
 * A request from outside to stop. `signal` is aborted once. Its reason names the signal of the operating system, or says that the parent
 * has ended.
 */
export interface Interruption {
  readonly signal: AbortSignal;
  /** Restores the default handling of signals. */
  dispose(): void;
}

/** One Ctrl-C can arrive twice: from the terminal, which signals the whole group, and from the program that started this one. */
const SAME_INTERRUPTION_MS = 500;

/** How often a process that npm has started looks whether its parent still runs. */
const LOOK_FOR_PARENT_MS = 1000;

/** Exit code after a second request to stop, which ends the process at once. */
const FORCED_EXIT_CODE = 130;

/**
 * Aborts `signal` at the first Ctrl-C, SIGTERM or SIGHUP, or when a parent with an IPC channel dies. Running work can then end in an
 * orderly way. A second Ctrl-C, SIGTERM or SIGHUP ends the process at once.
 * @param fromNpm true if npm has started this process (`npx fleet`, `npm start`). npm passes SIGTERM only to the shell between them. The
 * shell ends without passing it on, so the end of the shell counts as SIGTERM. Windows does not tell that a parent has ended.
 */
export function onInterruption({ fromNpm = false } = {}): Interruption {
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
  const parent = process.ppid;
  const look = fromNpm
    ? setInterval(() => process.ppid !== parent && orphaned(), LOOK_FOR_PARENT_MS).unref()
    : undefined;
  if (process.send && !process.connected) orphaned(); // the parent died before the listener was there
  return {
    signal: controller.signal,
    dispose() {
      for (const [name, listener] of listeners) process.off(name, listener);
      process.off('disconnect', orphaned);
      clearInterval(look);
    },
  };
}
