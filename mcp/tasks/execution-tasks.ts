import { type CallToolResult, inputResponse } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import type { Subject } from '../admission/subject.ts';
import { type ToolSurroundings, toolContext } from '../engine/context.ts';
import type { Tool, ToolContext } from '../engine/define-tool.ts';
import { errorResult } from '../engine/error-result.ts';
import { resultOf } from '../engine/tool-calls.ts';
import { type CatalogueOptions, type FindTool, toolFinder } from '../engine/tool-catalogue.ts';
import { decision, openDecision, parseTaskId, taskOf } from './task-from-execution.ts';
import type { TaskClient, TaskMethod, Tasks } from './task-methods.ts';
import { completedTask, type DetailedTask, type InputResponses } from './tasks-extension.ts';

const DECIDER = 'decide_approval';

/** For each method, the tool that does the same. The method needs the permission of this tool. */
const SAME_AS: Readonly<Record<TaskMethod, string>> = {
  'tasks/get': 'get_execution_status',
  'tasks/update': DECIDER,
  'tasks/cancel': 'terminate_workflow',
};

/** The execution that a task represents, and the tool that started it. */
interface Found {
  readonly tool: Tool;
  readonly context: ToolContext;
  readonly execution: Execution;
}

/**
 * Executions as tasks of the protocol: a client follows, answers and cancels what its `tools/call` started. Conductor keeps the
 * executions, so every process of this server finds every task.
 */
export class ExecutionTasks implements Tasks {
  readonly #surroundings: ToolSurroundings;
  readonly #find: FindTool;

  constructor(options: ToolSurroundings & CatalogueOptions) {
    this.#surroundings = options;
    this.#find = toolFinder(options);
  }

  async subjectOf(method: TaskMethod): Promise<Subject> {
    const { permission, annotations } = await this.#tool(SAME_AS[method]);
    return { name: method, permission, annotations };
  }

  async get(taskId: string, by: TaskClient): Promise<DetailedTask | undefined> {
    const found = await this.#open(taskId, by);
    if (!found) return undefined;
    const { execution } = found;
    const task = taskOf(taskId, execution, by.showsForms);
    const ended = hasEnded(execution.status) && task.status !== 'cancelled';
    return ended ? completedTask(task, await this.#settle(found, by)) : task;
  }

  async update(taskId: string, responses: InputResponses, by: TaskClient): Promise<boolean> {
    const found = await this.#open(taskId, by);
    if (found) await decide(await this.#tool(DECIDER), found, responses);
    return found !== undefined;
  }

  async cancel(taskId: string, by: TaskClient): Promise<boolean> {
    const found = await this.#open(taskId, by);
    if (found) await terminate(found.context.conductor, found.execution);
    return found !== undefined;
  }

  /** Undefined if the id is not valid, or its execution is gone. @throws ProtocolError if the tool is unknown or switched off */
  async #open(taskId: string, { id, connection, client, signal }: TaskClient): Promise<Found | undefined> {
    const name = parseTaskId(taskId);
    if (!name) return undefined;
    const tool = await this.#find(name.tool, connection);
    const log = this.#surroundings.log.child({ tool: tool.name, request: id });
    const context = await toolContext({ ...connection, client, signal, log }, this.#surroundings);
    const execution = await orUndefined(context.conductor.getExecution(name.executionId));
    return execution && tool.settle ? { tool, context, execution } : undefined;
  }

  /** What the tool answers now that the execution has ended. If the tool fails, its error is the answer, as in a normal call. */
  async #settle({ tool, context, execution }: Found, { id, signal }: TaskClient): Promise<CallToolResult> {
    try {
      const answer = await tool.settle?.(execution.workflowId, context);
      return answer ? resultOf(tool, answer) : { content: [] };
    } catch (error) {
      return errorResult(error, { id, subject: tool, signal }, this.#surroundings.log);
    }
  }

  async #tool(name: string): Promise<Tool> {
    const tool = (await this.#surroundings.tools()).find((one) => one.name === name);
    if (!tool) throw new Error(`The tool ${name} is missing.`);
    return tool;
  }
}

/** Lets the tool `decider` carry out what the person decided. If the person declined to decide, the task keeps waiting. */
async function decide(decider: Tool, { context, execution }: Found, responses: InputResponses): Promise<void> {
  for (const key of Object.keys(responses)) {
    const task = openDecision(execution, key);
    const view = inputResponse(responses, key);
    if (!task || view.kind !== 'elicit' || view.action !== 'accept') continue;
    const decided = decision.safeParse(view.content);
    if (!decided.success) {
      throw new FleetError('input', 'The answer needs "approved" (true or false) and a "reason".', {
        remedy: `Answer ${key} again with both.`,
      });
    }
    const args = decider.input.parse({
      executionId: execution.workflowId,
      taskRef: task.referenceTaskName,
      decision: decided.data.approved ? 'approve' : 'reject',
      reason: decided.data.reason,
    });
    await decider.handle(args, { ...context, ...confirmed });
  }
}

/** Answers the confirmation that `decider` asks for. The person already confirmed the decision by answering the form. */
const confirmed: Pick<ToolContext, 'elicit'> = {
  async elicit(_key, { requestedSchema }) {
    return { action: 'accept', content: requestedSchema.parse({ confirm: true }) };
  },
};

async function terminate(conductor: Conductor, { workflowId, status }: Execution): Promise<void> {
  if (hasEnded(status)) return;
  try {
    await conductor.terminate(workflowId, 'Cancelled by the MCP client that started it.');
  } catch (error) {
    // The execution may have ended at this moment. That is what the client wanted, so it is not an error.
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
  }
}
