import { randomUUID } from 'node:crypto';
import type { JSONRPCRequest, McpRequestContext } from '@modelcontextprotocol/server';
import type { Permission } from '../admission/permissions.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import type { Connect } from '../engine/connection.ts';
import { protocolError } from '../engine/error-result.ts';
import type { RequestOptions } from '../engine/requests.ts';
import type { Tasks } from '../tasks/task-methods.ts';
import { type ShowTask, showTaskOn, subscribedAddresses } from '../tasks/task-subscriptions.ts';
import type { ChangeBus } from './change-bus.ts';

/** The permission for a subscription to addresses. Only executions are watched, so the permission to read executions is enough. */
export const WATCHING: Permission = 'executions:read';

/** What the transports need for `subscriptions/listen`, which the SDK answers. */
export interface Subscriptions {
  readonly changes: ChangeBus;
  /**
   * Admits a `subscriptions/listen` and returns a function that reads tasks for its client. Undefined if this server has no tasks.
   * @throws ProtocolError if the request is refused
   */
  admitListen(message: JSONRPCRequest, context: McpRequestContext): Promise<ShowTask | undefined>;
}

export interface SubscriptionsOptions extends RequestOptions {
  readonly changes: ChangeBus;
  readonly connect: Connect;
  readonly tasks?: Tasks;
}

/** Creates the subscriptions of one process. */
export function createSubscriptions({ changes, connect, tasks, admit, log }: SubscriptionsOptions): Subscriptions {
  return {
    changes,
    async admitListen(message, context) {
      const connection = connect(context);
      const subject = listenSubject(message);
      const request = { caller: connection.caller, countsAgainstRateLimit: true, find: () => subject };
      try {
        return await admit(request, () => tasks && showTaskOn(tasks, connection));
      } catch (error) {
        const { signal } = new AbortController();
        throw protocolError(error, { id: randomUUID().slice(0, 8), subject, signal }, log);
      }
    },
  };
}

/** Subscriptions to lists need no permission, because each list shows only what its caller may use. */
function listenSubject(message: JSONRPCRequest): Subject {
  return readingOf(message.method, subscribedAddresses(message).length > 0 ? WATCHING : 'none');
}
