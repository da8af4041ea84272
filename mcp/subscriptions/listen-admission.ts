import { randomUUID } from 'node:crypto';
import type { JSONRPCRequest, McpRequestContext } from '@modelcontextprotocol/server';
import type { Admitted, Refused } from '../admission/admit.ts';
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
  /** Lets a `subscriptions/listen` in or refuses it. */
  enter(message: JSONRPCRequest, context: McpRequestContext): Promise<Admitted | Refused>;
  /**
   * Returns a function that reads tasks for the client of a `subscriptions/listen`. Undefined if this server has no tasks.
   * @throws ProtocolError if the request was refused
   */
  begin(entry: Admitted | Refused, context: McpRequestContext): ShowTask | undefined;
}

export interface SubscriptionsOptions extends RequestOptions {
  readonly changes: ChangeBus;
  readonly connect: Connect;
  readonly tasks?: Tasks;
}

/** Creates the subscriptions of one process. */
export function createSubscriptions({ changes, connect, tasks, enter, log }: SubscriptionsOptions): Subscriptions {
  return {
    changes,
    enter(message, context) {
      const { method, params } = message;
      const { caller, peer } = connect(context);
      const id = randomUUID().slice(0, 8);
      const find = () => listenSubject(message);
      return enter({ id, caller, peer, method, params, countsAgainstRateLimit: true, find });
    },
    begin(entry, context) {
      if (entry.isAdmitted) return entry.finish(tasks && showTaskOn(tasks, connect(context)));
      const { signal } = new AbortController();
      const subject = entry.subject ?? readingOf('subscriptions/listen', 'none');
      throw protocolError(entry.error, { id: entry.id, subject, signal }, log);
    },
  };
}

/** Subscriptions to lists need no permission, because each list shows only what its caller may use. */
function listenSubject(message: JSONRPCRequest): Subject {
  return readingOf(message.method, subscribedAddresses(message).length > 0 ? WATCHING : 'none');
}
