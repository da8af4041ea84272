/** Loaded into a program with `--expose-gc --import`: whenever it is asked, it collects its garbage and tells what it still holds. */

process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
process.channel?.unref(); // it ends as it would without
