import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import type { Watcher } from '../engine/change-bus.ts';

/*
 * Executions that somebody subscribed to, looked at by one timer for the whole process:
 * 1. The timer runs only while there is a subscription.
 * 2. One that goes on is looked at every two seconds; of one that has ended only its status, every tenth time, because it can be retried.
 * 3. Those who listen are told when the status, or the state of a task, is another than at the last look. The first look tells nothing.
 * 4. A look that fails, or an execution that is not there yet, tells nothing: there may be an answer the next time.
 */

const LOOK_EVERY_MS = 2000;
const ENDED_EVERY = 10;
const LOOK_LIMIT_MS = 10_000;

const ADDRESS = /^conductor:\/\/executions\/([A-Za-z0-9_-]{1,100})(\/(output|diagram|tasks\/[^/?#]+\/output))?(\?.*)?$/;

interface Watched {
  readonly listeners: Set<() => void>;
  seen?: { readonly state: string; readonly status: string; readonly ended: boolean };
}

/** Watches executions, whatever of them was subscribed to. */
export function executionWatcher(conductor: () => Promise<Conductor>): Watcher {
  const watched = new Map<string, Watched>();
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let rounds = 0;

  async function round(): Promise<void> {
    if (looking) return;
    looking = true;
    rounds += 1;
    const due = [...watched].filter(([, one]) => !one.seen?.ended || rounds % ENDED_EVERY === 0);
    for (const [id, one] of due) await look(id, one).catch(() => {});
    looking = false;
  }

  async function look(id: string, one: Watched): Promise<void> {
    const calls = (await conductor()).withSignal(AbortSignal.timeout(LOOK_LIMIT_MS));
    const before = one.seen;
    if (before?.ended && (await calls.getStatus(id)).status === before.status) return;
    const execution = await calls.getExecution(id);
    const { status } = execution;
    one.seen = { state: stateOf(execution), status, ended: hasEnded(status) };
    if (before !== undefined && before.state !== one.seen.state) for (const changed of [...one.listeners]) changed();
  }

  return {
    watch(uri, changed) {
      const id = ADDRESS.exec(uri)?.[1];
      if (id === undefined) return undefined;
      const one = watched.get(id) ?? { listeners: new Set() };
      watched.set(id, one);
      one.listeners.add(changed);
      timer ??= setInterval(round, LOOK_EVERY_MS).unref();
      if (one.seen === undefined) look(id, one).catch(() => {});
      return () => {
        one.listeners.delete(changed);
        if (one.listeners.size === 0) watched.delete(id);
        if (watched.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

function stateOf({ status, tasks }: Execution): string {
  const states = latestAttempts(tasks).map((task) => [task.referenceTaskName, task.status, task.retryCount]);
  return JSON.stringify([status, states]);
}
