import { ProtocolError, ProtocolErrorCode, type Result, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Subject } from '../admission/subject.ts';
import type { Client } from '../engine/client.ts';
import { showsForms } from '../engine/client-capabilities.ts';
import type { Connection } from '../engine/connection.ts';
import type { Feature } from '../engine/mcp-server.ts';
import type { AdmittedRequest } from '../engine/requests.ts';
import {
  type DetailedTask,
  followsTasks,
  type InputResponses,
  TASKS_EXTENSION,
  tasksRequired,
} from './tasks-extension.ts';

/** The client that reads or changes a task. */
export interface TaskClient {
  /** Names the request in the log. */
  readonly id: string;
  readonly connection: Connection;
  readonly client: Client;
  /** Whether the client shows forms to its person. */
  readonly showsForms: boolean;
  readonly signal: AbortSignal;
}

const methods = ['tasks/get', 'tasks/update', 'tasks/cancel'] as const;
export type TaskMethod = (typeof methods)[number];

/** The tasks of this server. A request for any task can reach any process, so no process stores tasks by itself. */
export interface Tasks {
  /** The subject of a method. It has the permission of the tool that does the same. */
  subjectOf(method: TaskMethod): Promise<Subject>;
  /** The task at this moment; undefined if no task has this id. */
  get(taskId: string, by: TaskClient): Promise<DetailedTask | undefined>;
  /** Takes answers to the task's open questions and ignores all others. False if no task has this id. */
  update(taskId: string, responses: InputResponses, by: TaskClient): Promise<boolean>;
  /** Ends the task, unless it has ended. False if no task has this id. */
  cancel(taskId: string, by: TaskClient): Promise<boolean>;
}

const params = z.looseObject({ taskId: z.string().min(1) });
type TaskRequest = AdmittedRequest<z.output<typeof params>>;

/** `tasks/get`, `tasks/update` and `tasks/cancel`, for clients of the 2026 revision that declare the extension. */
export function createTasks(tasks: Tasks): Feature {
  const answers: Record<TaskMethod, (taskId: string, request: TaskRequest) => Promise<Result>> = {
    async 'tasks/get'(taskId, request) {
      const task = await tasks.get(taskId, taskClient(request));
      return task ? { ...task } : unknown(taskId);
    },
    async 'tasks/update'(taskId, request) {
      const by = taskClient(request);
      return acknowledge(taskId, await tasks.update(taskId, answersOf(request.context), by));
    },
    async 'tasks/cancel'(taskId, request) {
      return acknowledge(taskId, await tasks.cancel(taskId, taskClient(request)));
    },
  };
  return {
    era: 'modern',
    capabilities: { extensions: { [TASKS_EXTENSION]: {} } },
    attach(requests) {
      for (const method of methods) {
        requests.answerExtension(method, params, {
          find: () => tasks.subjectOf(method),
          handle: (_subject, request) => answers[method](request.params.taskId, request),
        });
      }
    },
  };
}

/** The questions of a task are in the task itself, so a request about a task asks the client nothing. */
export const clientWithoutForms: Client = {
  elicit: async () => undefined,
  sample: async () => undefined,
  progress: () => {},
};

function taskClient({ id, connection, capabilities, signal }: TaskRequest): TaskClient {
  if (!followsTasks(capabilities)) throw tasksRequired();
  return { id, connection, client: clientWithoutForms, showsForms: showsForms(capabilities), signal };
}

/** The answers are not in the parameters, because the SDK takes them out of every request. */
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
