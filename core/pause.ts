/** Resolves when the signal is aborted; never rejects. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Waits for `work`, or until the signal is aborted. Afterwards it removes its listener, because the signal may live much longer. */
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

/** Waits at most `ms` for `work` and returns true if it has ended. Clears its timer, which would keep the process alive. */
export async function endsWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([work.then(() => true), pause(ms, over.signal).then(() => false)]);
  } finally {
    over.abort();
  }
}
