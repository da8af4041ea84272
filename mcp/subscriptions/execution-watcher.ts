import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { executionOfTask } from '../tasks/task-subscriptions.ts';
import type { Watcher } from './change-bus.ts';

/*
 * Watches the executions that clients subscribed to, as resources or as tasks, with one timer for the whole process:
 * 1. The timer runs only while there is a subscription.
 * 2. An open execution is read every second. An ended execution can be retried, so its status is read every 20 seconds.
 * 3. Subscribers are told when the status of the execution, or the state of a task, differs from the last look. The first look,
 *    right after the subscription, tells them nothing.
 * 4. A look that fails, or an execution that does not exist yet, tells them nothing: the next look may succeed.
 */

const LOOK_EVERY_MS = 1000;
/** An ended execution rarely changes, so only every 20th round reads it. */
const ENDED_EVERY = 20;
const LOOK_LIMIT_MS = 10_000;

const RESOURCE =
  /^conductor:\/\/executions\/([A-Za-z0-9_-]{1,100})(\/(output|diagram|tasks\/[^/?#]+\/output))?(\?.*)?$/;

/** The id of the execution that an address shows, as a resource or as a task. Undefined for any other address. */
export function executionAt(uri: string): string | undefined {
  return RESOURCE.exec(uri)?.[1] ?? executionOfTask(uri);
}

interface Watched {
  readonly subscribers: Set<() => void>;
  seen?: { readonly state: string; readonly status: string; readonly ended: boolean };
}

/** Watches executions by the addresses of their resources and tasks. */
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
    if (before !== undefined && before.state !== one.seen.state) for (const changed of [...one.subscribers]) changed();
  }

  return {
    watch(uri, changed) {
      const id = executionAt(uri);
      if (id === undefined) return undefined;
      const one = watched.get(id) ?? { subscribers: new Set() };
      watched.set(id, one);
      one.subscribers.add(changed);
      timer ??= setInterval(round, LOOK_EVERY_MS).unref();
      if (one.seen === undefined) look(id, one).catch(() => {});
      return () => {
        one.subscribers.delete(changed);
        if (one.subscribers.size === 0) watched.delete(id);
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
