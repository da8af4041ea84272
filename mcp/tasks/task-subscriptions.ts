import { CLIENT_CAPABILITIES_META_KEY, type JSONRPCMessage, type JSONRPCRequest } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { capabilitiesSchema, showsForms } from '../engine/client-capabilities.ts';
import type { Connection } from '../engine/connection.ts';
import { parseTaskId } from './task-from-execution.ts';
import { clientWithoutForms, type Tasks } from './task-methods.ts';
import { type DetailedTask, followsTasks } from './tasks-extension.ts';

/*
 * Subscriptions to tasks. On the wire they are `taskIds` and `notifications/tasks`, which the SDK does not know. Within this process a
 * task has an address like a resource, so that the change bus and the SDK's own routing serve both.
 */

const LOOK_LIMIT_MS = 10_000;

/** A task that a client subscribed to. */
export interface SubscribedTask {
  readonly taskId: string;
  /** Whether the client shows its person the forms of the task. */
  readonly showsForms: boolean;
}

/** Reads a task as its subscriber sees it; undefined if the task is gone. */
export type ShowTask = (subscribed: SubscribedTask) => Promise<DetailedTask | undefined>;

/** Reads tasks for the subscriber on `connection`. These reads do not count against the rate limit. */
export function showTaskOn(tasks: Tasks, connection: Connection): ShowTask {
  return (subscribed) =>
    tasks.get(subscribed.taskId, {
      id: 'watching',
      connection,
      client: clientWithoutForms,
      showsForms: subscribed.showsForms,
      signal: AbortSignal.timeout(LOOK_LIMIT_MS),
    });
}

function addressOf({ taskId, showsForms: forms }: SubscribedTask): string {
  return `task:${forms ? 'forms' : 'plain'}:${taskId}`;
}

/** The task behind an address; undefined for any other address. */
export function taskAt(uri: string): SubscribedTask | undefined {
  const [, how, taskId] = /^task:(forms|plain):(.*)$/.exec(uri) ?? [];
  return taskId === undefined ? undefined : { taskId, showsForms: how === 'forms' };
}

/** The id of the execution behind the address of a task; undefined for any other address. */
export function executionOfTask(uri: string): string | undefined {
  const task = taskAt(uri);
  return task && parseTaskId(task.taskId)?.executionId;
}

const strings = z.array(z.string()).optional().catch(undefined);
const listenParams = z.looseObject({
  notifications: z.looseObject({ taskIds: strings, resourceSubscriptions: strings }),
});
const declared = z.looseObject({ _meta: z.looseObject({ [CLIENT_CAPABILITIES_META_KEY]: capabilitiesSchema }) });

/** Every address and task that a request subscribes to. */
export function subscribedAddresses({ params }: JSONRPCRequest): readonly string[] {
  const { taskIds = [], resourceSubscriptions = [] } = listenParams.safeParse(params).data?.notifications ?? {};
  return [...resourceSubscriptions, ...taskIds];
}

/**
 * The request as the SDK serves it: with addresses for the tasks, if the client follows tasks. If the client itself subscribes to an
 * address that looks like the address of a task, that address is left out.
 */
export function withTaskAddresses(message: JSONRPCRequest): JSONRPCRequest {
  const params = listenParams.safeParse(message.params).data;
  if (!params) return message;
  const { taskIds = [], resourceSubscriptions = [], ...lists } = params.notifications;
  const capabilities = declared.safeParse(message.params).data?._meta[CLIENT_CAPABILITIES_META_KEY] ?? {};
  const forms = showsForms(capabilities);
  const resources = resourceSubscriptions.filter((uri) => !taskAt(uri));
  const tasks = followsTasks(capabilities) ? taskIds.map((taskId) => addressOf({ taskId, showsForms: forms })) : [];
  const all = [...resources, ...tasks];
  const notifications = { ...lists, ...(all.length > 0 && { resourceSubscriptions: all }) };
  return { ...message, params: { ...message.params, notifications } };
}

const acknowledged = z.looseObject({
  method: z.literal('notifications/subscriptions/acknowledged'),
  params: z.looseObject({ notifications: z.looseObject({ resourceSubscriptions: z.array(z.string()) }) }),
});

/** The acknowledgement with the task ids that the client named. Undefined for any other message, and for one without tasks. */
export function ackOfTasks(message: JSONRPCMessage): JSONRPCMessage | undefined {
  const ack = acknowledged.safeParse(message).data;
  if (!ack) return undefined;
  const { resourceSubscriptions, ...lists } = ack.params.notifications;
  const taskIds = resourceSubscriptions.flatMap((uri) => taskAt(uri)?.taskId ?? []);
  const resources = resourceSubscriptions.filter((uri) => !taskAt(uri));
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

/** The notification that a task changed, with the whole task; undefined for any other message. */
export async function statusNotification(message: JSONRPCMessage, show: ShowTask): Promise<JSONRPCMessage | undefined> {
  const update = updated.safeParse(message).data;
  const subscribed = update && taskAt(update.params.uri);
  if (!subscribed) return undefined;
  const task = await show(subscribed).catch(() => undefined);
  // For a task that is gone, only the id is sent; `tasks/get` then says that the task does not exist.
  const { taskId } = subscribed;
  return { jsonrpc: '2.0', method: 'notifications/tasks', params: { taskId, ...task, _meta: update.params._meta } };
}
