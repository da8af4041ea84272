import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { ChangeBus } from '../engine/change-bus.ts';
import type { ShowTask } from '../tasks/task-subscriptions.ts';

/** What clients can subscribe to. */
export interface Subscriptions {
  readonly changes: ChangeBus;
  /** Reads a task as its subscribers see it; absent where no tasks are served. */
  readonly showTask?: ShowTask;
}

/** What both transports serve. */
export interface McpFront {
  readonly build: McpServerFactory;
  readonly subscriptions: Subscriptions;
  /** Loads what the first calls need. The stdio transport calls it after the first answer, because the client waits for that. */
  warmUp?(): void;
}
