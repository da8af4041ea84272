/**
 * Runs `work` for every item, for at most `atOnce` items at the same time. Returns the results in the order of the items. After the first
 * failure it starts no further item. It throws that failure once all items under way have ended.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const { default: PQueue } = await import('p-queue');
  const queue = new PQueue({ concurrency: atOnce });
  let first: { error: unknown } | undefined;
  const job = async (item: T, index: number) => {
    try {
      return await work(item, index);
    } catch (error) {
      first ??= { error };
      queue.clear();
      throw error;
    }
  };
  try {
    return await queue.addAll(items.map((item, index) => () => job(item, index)));
  } catch (error) {
    throw first ? first.error : error; // clearing the queue also rejects the waiting jobs; `first` holds the real failure
  } finally {
    await queue.onIdle();
  }
}
