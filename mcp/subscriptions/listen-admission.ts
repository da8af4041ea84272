import { randomUUID } from 'node:crypto';
import type { JSONRPCRequest, McpRequestContext } from '@modelcontextprotocol/server';
import type { Admitted, Refused } from '../admission/admit.ts';
import type { Caller } from '../admission/permissions.ts';
import { readingOf, type Subject } from '../admission/subject.ts';
import type { Connect } from '../engine/connection.ts';
import { protocolError } from '../engine/error-result.ts';
import type { RequestOptions } from '../engine/requests.ts';
import type { Tasks } from '../tasks/task-methods.ts';
import { type ShowTask, showTaskOn, subscribedAddresses, withTaskAddresses } from '../tasks/task-subscriptions.ts';
import type { ChangeBus } from './change-bus.ts';
import { checkAddresses } from './subscription-limits.ts';
import type { WatchAdmission } from './watch-admission.ts';

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
  readonly watch: WatchAdmission;
  readonly tasks?: Tasks;
}

/** Creates the subscriptions of one process. */
export function createSubscriptions(options: SubscriptionsOptions): Subscriptions {
  const { changes, connect, watch, tasks, enter, log } = options;
  return {
    changes,
    async enter(message, context) {
      const { method, params } = message;
      const connection = connect(context);
      const { caller, peer } = connection;
      const id = randomUUID().slice(0, 8);
      const find = () => listenSubject(message, watch);
      const entry = await enter({ id, caller, peer, method, params, countsAgainstRateLimit: true, find });
      if (!entry.isAdmitted) return entry;
      try {
        await watch.mustReach(subscribedAddresses(withTaskAddresses(message)), connection);
        return entry;
      } catch (error) {
        entry.fail(error);
        return { isAdmitted: false, id, error, subject: entry.subject };
      }
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
async function listenSubject(message: JSONRPCRequest, watch: WatchAdmission): Promise<Subject> {
  const { length } = subscribedAddresses(message);
  checkAddresses(length);
  return length > 0 ? watch.subjectOf(message.method) : readingOf(message.method, 'none');
}
