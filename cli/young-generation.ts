import { setFlagsFromString } from 'node:v8';

// A worker process allocates much and keeps little. V8 would let its space for new objects grow to 64 MB, a third of the process. The
// flag has to be set before other modules are loaded.
if (process.argv[2] === 'work') setFlagsFromString('--semi-space-growth-factor=1');
