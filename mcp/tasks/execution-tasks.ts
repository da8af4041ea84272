import { randomUUID } from 'node:crypto';
import { inputResponse } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { authorize } from '../admission/authorize.ts';
import { createGuards, guarded } from '../admission/index.ts';
import type { Tool, ToolCall, ToolContext, ToolResult } from '../engine/define-tool.ts';
import { errorResult, protocolError } from '../engine/error-result.ts';
import type { Permission } from '../engine/permissions.ts';
import { contextOf, type FindTool, resultOf, type ToolsOptions, toolFinder } from '../engine/tool-calls.ts';
import { decision, openDecision, parseTaskId, taskOf } from './task-from-execution.ts';
import type { TaskRequest, Tasks } from './task-methods.ts';
import { completedTask, type DetailedTask, type InputResponses } from './tasks-extension.ts';

const DECIDER = 'decide_approval';

/** A task as somebody asked for it. */
interface Asked {
  readonly context: ToolContext;
  readonly execution: Execution;
  /** What the tool answers, once the execution has ended. */
  settle(): Promise<ToolResult>;
}

/**
 * Executions as tasks of the protocol: what `tools/call` started is followed, answered and cancelled by the id of the execution.
 * Conductor keeps them, so every process of this server finds the tasks of every other one.
 */
export class ExecutionTasks implements Tasks {
  readonly #options: ToolsOptions;
  readonly #find: FindTool;
  readonly #admit: (call: ToolCall) => Promise<ToolResult>;
  readonly #authorize: (call: ToolCall) => Promise<ToolResult>;

  constructor(options: ToolsOptions) {
    this.#options = options;
    this.#find = toolFinder(options);
    this.#admit = guarded(createGuards(options), async () => ({ content: [] }));
    this.#authorize = guarded([authorize], async () => ({ content: [] }));
  }

  get(taskId: string, request: TaskRequest): Promise<DetailedTask | undefined> {
    return this.#ask(taskId, 'executions:read', request, async ({ execution, settle }) => {
      const task = taskOf(taskId, execution, request.showsForms && (await this.#decider()) !== undefined);
      const ended = hasEnded(execution.status) && task.status !== 'cancelled';
      return ended ? completedTask(task, await settle()) : task;
    });
  }

  /** The tool that decides what waits for a person; without it no person is asked. */
  async #decider(): Promise<Tool | undefined> {
    return (await this.#options.tools()).find(({ name }) => name === DECIDER);
  }

  async update(taskId: string, responses: InputResponses, request: TaskRequest): Promise<boolean> {
    const found = await this.#ask(taskId, 'workflows:execute', request, async ({ context, execution }) => {
      const decider = await this.#decider();
      if (decider) await decide(decider, context, execution, responses);
      return true;
    });
    return found === true;
  }

  async cancel(taskId: string, request: TaskRequest): Promise<boolean> {
    const found = await this.#ask(taskId, 'workflows:execute', request, async ({ context, execution }) => {
      await cancel(context.conductor, execution);
      return true;
    });
    return found === true;
  }

  /** @throws ProtocolError what went wrong, as the border says it */
  async #ask<T>(
    taskId: string,
    permission: Permission,
    { connection, client, signal, watching }: TaskRequest,
    use: (asked: Asked) => Promise<T>,
  ): Promise<T | undefined> {
    const name = parseTaskId(taskId);
    if (!name) return undefined;
    const tool = await this.#find(name.tool, connection);
    const { caller } = connection;
    const id = randomUUID().slice(0, 8);
    const call: ToolCall = { id, tool: { ...tool, permission }, args: {}, caller, client, signal };
    try {
      await (watching ? this.#authorize(call) : this.#admit(call));
      const context = await contextOf(call, this.#options);
      const execution = await orUndefined(context.conductor.getExecution(name.executionId));
      if (!execution || !tool.settle) return undefined;
      return await use({ context, execution, settle: () => this.#settle(call, context, name.executionId) });
    } catch (error) {
      throw protocolError(error, call, this.#options.log);
    }
  }

  /** A tool that fails to answer has answered too: with its error, as a call of it would. */
  async #settle(call: ToolCall, context: ToolContext, executionId: string): Promise<ToolResult> {
    try {
      const answer = await call.tool.settle?.(executionId, context);
      return answer ? resultOf(call.tool, answer) : { content: [] };
    } catch (error) {
      return errorResult(error, call, this.#options.log);
    }
  }
}

/** Has what the person decided carried out by the tool for it. One who declined to decide leaves it to others. */
async function decide(
  tool: Tool,
  context: ToolContext,
  execution: Execution,
  responses: InputResponses,
): Promise<void> {
  for (const key of Object.keys(responses)) {
    const task = openDecision(execution, key);
    const view = inputResponse(responses, key);
    if (!task || view.kind !== 'elicit' || view.action !== 'accept') continue;
    const decided = decision.safeParse(view.content);
    if (!decided.success) {
      throw new FleetError('input', 'The answer needs "approved", true or false, and a "reason".', {
        remedy: `Answer ${key} again with both.`,
      });
    }
    const args = tool.input.parse({
      executionId: execution.workflowId,
      taskRef: task.referenceTaskName,
      decision: decided.data.approved ? 'approve' : 'reject',
      reason: decided.data.reason,
    });
    await tool.handle(args, { ...context, ...confirmed });
  }
}

/** The person who answered the form has confirmed what they answered. */
const confirmed: Pick<ToolContext, 'elicit'> = {
  async elicit(_key, { requestedSchema }) {
    return { action: 'accept', content: requestedSchema.parse({ confirm: true }) };
  },
};

async function cancel(conductor: Conductor, { workflowId, status }: Execution): Promise<void> {
  if (hasEnded(status)) return;
  try {
    await conductor.terminate(workflowId, 'Cancelled by the MCP client that started it.');
  } catch (error) {
    // It may have ended in this moment, which is what was wanted.
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
  }
}
