import {
  ProtocolError,
  ProtocolErrorCode,
  type Result,
  type Server,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { clientOf } from '../engine/client.ts';
import { capabilitiesOf, showsForms } from '../engine/client-capabilities.ts';
import type { Client } from '../engine/define-tool.ts';
import type { Connection, Feature } from '../engine/mcp-server.ts';
import {
  type DetailedTask,
  followsTasks,
  type InputResponses,
  TASKS_EXTENSION,
  tasksRequired,
} from './tasks-extension.ts';

/** Who asks for a task. */
export interface TaskRequest {
  readonly connection: Connection;
  readonly client: Client;
  /** Whether the client can put a form before a person. */
  readonly showsForms: boolean;
  readonly signal: AbortSignal;
  /** It is this process that looks, for somebody who listens: no request, so the rate limit does not count it. */
  readonly watching?: boolean;
}

/** Where tasks are. Every process must find every task, so none is kept in one of them. */
export interface Tasks {
  /** The task as it is now; undefined where there is none of this id. */
  get(taskId: string, request: TaskRequest): Promise<DetailedTask | undefined>;
  /** Takes answers to what the task waits for; those to anything else are ignored. False where there is no such task. */
  update(taskId: string, responses: InputResponses, request: TaskRequest): Promise<boolean>;
  /** Ends the task, if it has not ended. False where there is no such task. */
  cancel(taskId: string, request: TaskRequest): Promise<boolean>;
}

const one = z.looseObject({ taskId: z.string().min(1) });

/** `tasks/get`, `tasks/update` and `tasks/cancel`, for clients of the 2026 revision that declare the extension. */
export function createTasks(tasks: Tasks): Feature {
  return {
    era: 'modern',
    capabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    attach(server, connection) {
      const requestOf = (context: ServerContext) => taskRequest(server, connection, context);
      server.setRequestHandler('tasks/get', { params: one }, async ({ taskId }, context) => {
        const task = await tasks.get(taskId, requestOf(context));
        return task ? { ...task } : unknown(taskId);
      });
      server.setRequestHandler('tasks/update', { params: one }, async ({ taskId }, context) => {
        const request = requestOf(context);
        return acknowledge(taskId, await tasks.update(taskId, answersOf(context), request));
      });
      server.setRequestHandler('tasks/cancel', { params: one }, async ({ taskId }, context) =>
        acknowledge(taskId, await tasks.cancel(taskId, requestOf(context))),
      );
    },
  };
}

function taskRequest(server: Server, connection: Connection, context: ServerContext): TaskRequest {
  const can = capabilitiesOf(context, server.getClientCapabilities());
  if (!followsTasks(can)) throw tasksRequired();
  const { signal } = context.mcpReq;
  return { connection, client: clientOf(server, context), showsForms: showsForms(can), signal };
}

/** The SDK takes the answers out of the parameters of every request, as if it were a call that was made again. */
function answersOf({ mcpReq }: ServerContext): InputResponses {
  if (mcpReq.inputResponses) return mcpReq.inputResponses;
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'inputResponses is missing; it must be an object.');
}

function acknowledge(taskId: string, found: boolean): Result {
  return found ? {} : unknown(taskId);
}

function unknown(taskId: string): never {
  throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no task ${JSON.stringify(taskId)}.`);
}
