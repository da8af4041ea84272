import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/*
 * Servers make much garbage and keep little. V8 answers by letting the space for new objects double up to 128 MB, which is more than the
 * rest of the process, and which takes it the first ten thousand calls. Its size it reads only once, whether to double it every time.
 */
const command = process.argv[2];
/** What loading `fleet mcp` makes of it, in both halves; stopped before that, it would start later. */
const MCP_BYTES = 32 * 1024 * 1024;
const LOADED_MS = 1000;

if (command === 'work') grow(1); // stays as it starts: a third less memory for a worker process
if (command === 'mcp') setTimeout(() => limit(MCP_BYTES), LOADED_MS).unref();

/** It also shrinks when little happens, and then has to grow again. */
function limit(bytes: number): void {
  const size = () => getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? 0;
  const adjust = () => grow(size() < bytes ? 2 : 1);
  new PerformanceObserver(adjust).observe({ entryTypes: ['gc'] });
  adjust();
}

function grow(factor: 1 | 2): void {
  setFlagsFromString(`--semi-space-growth-factor=${factor}`);
}
