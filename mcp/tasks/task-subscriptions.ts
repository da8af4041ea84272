import { CLIENT_CAPABILITIES_META_KEY, type JSONRPCMessage, type JSONRPCRequest } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Watcher } from '../engine/change-bus.ts';
import { capabilitiesSchema, showsForms } from '../engine/client-capabilities.ts';
import type { Connection } from '../engine/mcp-server.ts';
import type { Tasks } from './task-methods.ts';
import { type DetailedTask, followsTasks } from './tasks-extension.ts';

/*
 * Tasks among what a client listens for. On the wire they are `taskIds` and `notifications/tasks`; within this process each is an
 * address like a resource's, so that one bus and the SDK's own routing serve both.
 */

const LOOK_EVERY_MS = 1000;
const LOOK_LIMIT_MS = 10_000;

/** A task that somebody listens for. */
interface Listened {
  readonly taskId: string;
  /** Whether its questions can be put to the person of the client. */
  readonly asks: boolean;
}

/** The task as one who listens for it sees it; undefined where it is gone. */
export type ShowTask = (listened: Listened) => Promise<DetailedTask | undefined>;

/** Shows tasks to those who listen on `connection`. */
export function showing(tasks: Tasks, connection: Connection): ShowTask {
  const client = { elicit: async () => undefined, sample: async () => undefined, progress: () => {} };
  const signal = () => AbortSignal.timeout(LOOK_LIMIT_MS);
  return ({ taskId, asks }) =>
    tasks.get(taskId, { connection, client, showsForms: asks, signal: signal(), watching: true });
}

function addressOf({ taskId, asks }: Listened): string {
  return `task:${asks ? 'asks' : 'tells'}:${taskId}`;
}

function listenedAt(uri: string): Listened | undefined {
  const [, how, taskId] = /^task:(asks|tells):(.*)$/.exec(uri) ?? [];
  return taskId === undefined ? undefined : { taskId, asks: how === 'asks' };
}

const strings = z.array(z.string()).optional().catch(undefined);
const listenParams = z.looseObject({
  notifications: z.looseObject({ taskIds: strings, resourceSubscriptions: strings }),
  _meta: z.looseObject({
    [CLIENT_CAPABILITIES_META_KEY]: capabilitiesSchema,
  }),
});

/** The request as the SDK serves it: tasks as addresses, for a client that follows tasks. No address of its own passes for one. */
export function withTaskAddresses(message: JSONRPCRequest): JSONRPCRequest {
  const params = listenParams.safeParse(message.params).data;
  if (!params) return message;
  const { taskIds = [], resourceSubscriptions = [], ...lists } = params.notifications;
  const can = params._meta[CLIENT_CAPABILITIES_META_KEY];
  const asks = showsForms(can);
  const resources = resourceSubscriptions.filter((uri) => !listenedAt(uri));
  const all = [...resources, ...(followsTasks(can) ? taskIds.map((taskId) => addressOf({ taskId, asks })) : [])];
  const notifications = { ...lists, ...(all.length > 0 && { resourceSubscriptions: all }) };
  return { ...message, params: { ...message.params, notifications } };
}

/** Every address that a request listens for. */
export function addressesOf({ params }: JSONRPCRequest): readonly string[] {
  return listenParams.safeParse(params).data?.notifications.resourceSubscriptions ?? [];
}

const acknowledged = z.looseObject({
  method: z.literal('notifications/subscriptions/acknowledged'),
  params: z.looseObject({ notifications: z.looseObject({ resourceSubscriptions: z.array(z.string()) }) }),
});

/** The acknowledgement with tasks named as the client named them; undefined for any other message, or one without tasks. */
export function ackOfTasks(message: JSONRPCMessage): JSONRPCMessage | undefined {
  const ack = acknowledged.safeParse(message).data;
  if (!ack) return undefined;
  const { resourceSubscriptions, ...lists } = ack.params.notifications;
  const taskIds = resourceSubscriptions.flatMap((uri) => listenedAt(uri)?.taskId ?? []);
  const resources = resourceSubscriptions.filter((uri) => !listenedAt(uri));
  const notifications = {
    ...lists,
    ...(resources.length > 0 && { resourceSubscriptions: resources }),
    ...(taskIds.length > 0 && { taskIds }),
  };
  return { jsonrpc: '2.0', method: ack.method, params: { ...ack.params, notifications } };
}

const updated = z.looseObject({
  method: z.literal('notifications/resources/updated'),
  params: z.looseObject({ uri: z.string(), _meta: z.looseObject({}).optional() }),
});

/** The change of a task as its listeners get it: whole. Undefined for any other message. */
export async function statusNotification(message: JSONRPCMessage, show: ShowTask): Promise<JSONRPCMessage | undefined> {
  const update = updated.safeParse(message).data;
  const listened = update && listenedAt(update.params.uri);
  if (!listened) return undefined;
  const task = await show(listened).catch(() => undefined);
  // Of one that is gone only its id is left; `tasks/get` then says that there is none.
  const { taskId } = listened;
  return { jsonrpc: '2.0', method: 'notifications/tasks', params: { taskId, ...task, _meta: update.params._meta } };
}

/** Looks at the tasks that somebody listens for, once a second each. What cannot be read now is looked at again. */
export function taskWatcher(show: ShowTask): Watcher {
  return {
    watch(uri, changed) {
      const listened = listenedAt(uri);
      if (!listened) return undefined;
      let seen: string | undefined;
      let looking = false;
      const timer = setInterval(async () => {
        if (looking) return;
        looking = true;
        try {
          const task = await show(listened);
          const state = JSON.stringify([task?.status, task?.statusMessage, task?.lastUpdatedAt]);
          if (seen !== undefined && state !== seen) changed();
          seen = state;
        } catch {
          // Conductor may answer the next time.
        } finally {
          looking = false;
        }
      }, LOOK_EVERY_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}
