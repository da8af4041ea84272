import type { FromTab, ToTab } from './shared-worker.ts';
import { type Heard, Stream, type StreamState } from './stream.ts';

/** Says which topics this tab shows. */
export type Want = (topics: readonly string[]) => void;

const SAY_EVERY_MS = 20_000;
const WORKER = new URL('./shared-worker.js', import.meta.url).pathname;

/** Connects this tab: through the worker that all tabs share or, in a browser without shared workers, by a stream of its own. */
export function connect(heard: Heard, tell: (state: StreamState) => void): Want {
  if (typeof SharedWorker === 'undefined') {
    const stream = new Stream(heard, tell);
    return (topics) => stream.want(topics);
  }
  const { port } = new SharedWorker(workerAddress(), { type: 'module', name: `fleet ${WORKER}` });
  port.addEventListener('message', ({ data }: MessageEvent<ToTab>) => {
    if ('state' in data) tell(data.state);
    else heard(data.topic, data.message);
  });
  port.start();
  let shown: readonly string[] = [];
  const say = (message: FromTab) => port.postMessage(message);
  setInterval(() => say({ topics: shown }), SAY_EVERY_MS);
  addEventListener('pagehide', () => say({ bye: true }));
  addEventListener('pageshow', ({ persisted }) => persisted && say({ topics: shown }));
  return (topics) => {
    shown = topics;
    say({ topics });
  };
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/** The policy of the page lets code be loaded only through this function, and only from this address. */
function workerAddress(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes }; // not in every browser
  const only = (url: string) => {
    if (url !== WORKER) throw new TypeError('Only the worker of the console may be loaded.');
    return url;
  };
  return trustedTypes?.createPolicy('fleet-worker', { createScriptURL: only }).createScriptURL(WORKER) ?? WORKER;
}
