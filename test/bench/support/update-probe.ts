/**
 * The bench loads this probe into a driver with `--import`. It reports how long each task update took, from the call of undici to
 * the end of the answer. This includes the wait for a free connection. It works for every client that uses undici: ours and the
 * JavaScript SDK's.
 */
import { createRequire } from 'node:module';

interface DispatcherClass {
  prototype: { dispatch(options: { method: string; path: string }, handler: object): boolean };
}

const IS_UPDATE = /\/tasks(\/update-v2)?$/;
/** The handler method that undici calls at the end of an answer. Older and newer versions use different names. */
const ENDS = ['onComplete', 'onResponseEnd'];
const SEND_EVERY_MS = 200;

let durations: number[] = [];
setInterval(() => {
  if (durations.length > 0) process.send?.({ updateMs: durations });
  durations = [];
}, SEND_EVERY_MS).unref();

for (const undici of undiciCopies()) for (const dispatcher of [undici.Agent, undici.ProxyAgent]) watch(dispatcher);

/** Our copy of undici and, if it has one, the SDK's own copy. */
function undiciCopies(): Set<{ Agent: DispatcherClass; ProxyAgent: DispatcherClass }> {
  const require = createRequire(import.meta.url);
  const ofSdk = createRequire(require.resolve('@io-orkes/conductor-javascript'));
  return new Set([require('undici'), ofSdk('undici')]);
}

function watch({ prototype }: DispatcherClass): void {
  const original = prototype.dispatch;
  prototype.dispatch = function dispatch(options, handler) {
    if (options.method !== 'POST' || !IS_UPDATE.test(options.path)) return original.call(this, options, handler);
    const began = performance.now();
    return original.call(
      this,
      options,
      whenEnded(handler, () => durations.push(performance.now() - began)),
    );
  };
}

function whenEnded(handler: object, ended: () => void): object {
  return new Proxy(handler, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (ENDS.includes(String(name))) ended();
        return value.apply(target, args);
      };
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}
