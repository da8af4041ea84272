/**
 * The bench loads this probe into a program with `--expose-gc --import`. On request the probe collects garbage and reports the heap
 * size.
 */

process.on('message', () => {
  globalThis.gc?.();
  process.send?.({ heapUsed: process.memoryUsage().heapUsed });
});
process.channel?.unref(); // lets the program end although the probe listens
