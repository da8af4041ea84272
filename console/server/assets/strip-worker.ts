import { stripTypeScriptTypes } from 'node:module';
import { parentPort } from 'node:worker_threads';

/*
 * Takes the types out of modules, in a thread. Node warns of an experimental feature on stderr, and only a thread can be started without
 * that warning.
 */
parentPort?.once('message', (sources: readonly string[]) => {
  parentPort?.postMessage(sources.map((source) => stripTypeScriptTypes(source, { mode: 'strip' })));
});
