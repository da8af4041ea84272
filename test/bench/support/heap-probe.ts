/** Loaded into a driver with `--import`: tells the bench several times a second how much of its heap is in use. */

const EVERY_MS = 100;

setInterval(() => process.send?.({ heapUsed: process.memoryUsage().heapUsed }), EVERY_MS).unref();
