const pending = new Map<string, Promise<unknown>>();

/** Runs the work of one key one after the other within this process. An error of earlier work does not stop later work. */
export async function oneAtATime<T>(key: string, work: () => Promise<T>): Promise<T> {
  const before = pending.get(key) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  pending.set(key, mine);
  try {
    return await mine;
  } finally {
    if (pending.get(key) === mine) pending.delete(key);
  }
}
