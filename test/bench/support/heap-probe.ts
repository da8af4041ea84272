/** The bench loads this probe into a driver with `--import`. The probe reports the used heap to the bench several times a second. */

const EVERY_MS = 100;

setInterval(() => process.send?.({ heapUsed: process.memoryUsage().heapUsed }), EVERY_MS).unref();
