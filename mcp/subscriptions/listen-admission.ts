import { randomUUID } from 'node:crypto';
import type { JSONRPCRequest, McpRequestContext } from '@modelcontextprotocol/server';
import type { Admitted, Refused } from '../admission/admit.ts';
import type { Caller, Permission } from '../admission/permissions.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import type { Connect } from '../engine/connection.ts';
import { protocolError } from '../engine/error-result.ts';
import type { RequestOptions } from '../engine/requests.ts';
import type { Tasks } from '../tasks/task-methods.ts';
import { type ShowTask, showTaskOn, subscribedAddresses, withTaskAddresses } from '../tasks/task-subscriptions.ts';
import type { ChangeBus } from './change-bus.ts';
import { checkAddresses } from './subscription-limits.ts';

/** The permission for a subscription to addresses. Only executions are watched, so the permission to read executions is enough. */
export const WATCHING: Permission = 'executions:read';

/** What the transports need for `subscriptions/listen`, which the SDK answers. */
export interface Subscriptions {
  readonly changes: ChangeBus;
  /** Lets a `subscriptions/listen` in or refuses it. */
  enter(message: JSONRPCRequest, context: McpRequestContext): Promise<Admitted | Refused>;
  /** Begins what a `subscriptions/listen` asks for. @throws ProtocolError if it was refused, or if its caller has too many */
  begin(message: JSONRPCRequest, entry: Admitted | Refused, context: McpRequestContext): Listening;
}

/** An open subscription. */
export interface Listening {
  /** The request as the SDK serves it. */
  readonly asked: JSONRPCRequest;
  /** Reads tasks for the client. Undefined if this server has no tasks. */
  readonly showTask: ShowTask | undefined;
  /** Stops watching the addresses. Calling it again does nothing. */
  end(): void;
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
    begin(message, entry, context) {
      try {
        if (!entry.isAdmitted) throw entry.error;
        const connection = connect(context);
        const asked = withTaskAddresses(message);
        const end = follow(changes, asked, connection.caller);
        return entry.finish({ asked, showTask: tasks && showTaskOn(tasks, connection), end });
      } catch (error) {
        if (entry.isAdmitted) entry.fail(error);
        const { signal } = new AbortController();
        const subject = entry.subject ?? readingOf('subscriptions/listen', 'none');
        throw protocolError(error, { id: entry.id, subject, signal }, log);
      }
    },
  };
}

/** Watches everything that a request subscribes to. Returns a function that ends the watching. */
function follow(changes: ChangeBus, asked: JSONRPCRequest, caller: Caller): () => void {
  const addresses = subscribedAddresses(asked);
  const remove = changes.limits.add(caller, { subscriptions: 1, addresses: addresses.length });
  const ends = addresses.map((uri) => changes.follow(uri));
  return () => {
    remove();
    for (const end of ends) end();
  };
}

/** Subscriptions to lists need no permission, because each list shows only what its caller may use. */
function listenSubject(message: JSONRPCRequest): Subject {
  const { length } = subscribedAddresses(message);
  checkAddresses(length);
  return readingOf(message.method, length > 0 ? WATCHING : 'none');
}
