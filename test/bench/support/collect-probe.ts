/** Loaded into a program with `--expose-gc --import`. On request it collects garbage and reports the size of the heap. */

process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
process.channel?.unref(); // so that the probe does not keep the program alive
