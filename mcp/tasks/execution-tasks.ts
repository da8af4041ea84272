import { type CallToolResult, inputResponse } from '@modelcontextprotocol/server';
import { type Execution, hasEnded } from '../../core/conductor/types.ts';
import { FleetError, orUndefined } from '../../core/errors.ts';
import { SAME_TOOL } from '../admission/same-tool.ts';
import type { Subject } from '../admission/subject.ts';
import { type ToolSurroundings, toolContext } from '../engine/context.ts';
import type { Tool, ToolContext } from '../engine/define-tool.ts';
import { errorResult } from '../engine/error-result.ts';
import { resultOf } from '../engine/tool-calls.ts';
import { type CatalogueOptions, type FindTool, toolFinder } from '../engine/tool-catalogue.ts';
import { decideTask, mustConfirmOwn, mustFit } from '../operate/decision.ts';
import { startersOf } from '../operate/starter.ts';
import { decision, openDecisions, parseTaskId, questionKeys, questionText, taskOf } from './task-from-execution.ts';
import type { TaskClient, TaskMethod, Tasks } from './task-methods.ts';
import { completedTask, type DetailedTask, type InputResponses } from './tasks-extension.ts';

/** For each method, the tool that does the same. The method needs the permission of this tool. */
const SAME_AS: Readonly<Record<TaskMethod, string>> = SAME_TOOL.methods;

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
    const tool = await this.#tool(SAME_AS[method]);
    return { name: method, permission: tool.permission, annotations: tool.annotations, sameAs: [tool] };
  }

  async get(taskId: string, by: TaskClient): Promise<DetailedTask | undefined> {
    const found = await this.#open(taskId, by);
    if (!found) return undefined;
    const { execution } = found;
    const asks = by.showsForms && (await mayDecide(found));
    const task = taskOf(taskId, execution, asks ? questionKeys(found.context.seal) : undefined);
    const ended = hasEnded(execution.status) && task.status !== 'cancelled';
    return ended ? completedTask(task, await this.#settle(found, by)) : task;
  }

  async update(taskId: string, responses: InputResponses, by: TaskClient): Promise<boolean> {
    // An allow-list of tools also holds for the method that does the same.
    await this.#find(SAME_AS['tasks/update'], by.connection);
    const found = await this.#open(taskId, by);
    if (found) await decide(found, responses);
    return found !== undefined;
  }

  async cancel(taskId: string, by: TaskClient): Promise<boolean> {
    const terminate = await this.#find(SAME_AS['tasks/cancel'], by.connection);
    const found = await this.#open(taskId, by);
    if (found) await end(found, terminate);
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

/** Ends the execution as its tool does. If it ended at this moment, the client has what it wanted. */
async function end({ context, execution }: Found, terminate: Tool): Promise<void> {
  if (hasEnded(execution.status)) return;
  const args = { executionIds: [execution.workflowId], reason: 'Cancelled by the MCP client that started it.' };
  try {
    await terminate.handle(terminate.input.parse(args), context);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
  }
}

/** True if the caller may decide what the execution waits for. Nobody else is asked. */
async function mayDecide({ context, execution }: Found): Promise<boolean> {
  if (openDecisions(execution).length === 0 || !context.allows('approvals:decide')) return false;
  const { caller, conductor } = context;
  return caller.knownBy === 'configuration' || !(await startersOf(conductor, execution)).includes(caller.id);
}

/** Carries out what the person decided. If the person declined to decide, the task keeps waiting. */
async function decide({ context, execution }: Found, responses: InputResponses): Promise<void> {
  const { conductor, caller, seal } = context;
  const keyOf = questionKeys(seal);
  for (const task of openDecisions(execution)) {
    const key = keyOf(task, execution);
    const view = inputResponse(responses, key);
    if (view.kind !== 'elicit' || view.action !== 'accept') continue;
    const decided = decision.safeParse(view.content);
    if (!decided.success) {
      throw new FleetError('input', 'The answer needs "approved" (true or false) and a "reason".', {
        remedy: `Answer ${key} again with both.`,
      });
    }
    const starters = await startersOf(conductor, execution);
    mustConfirmOwn(caller, starters, execution.workflowId);
    mustFit({ execution, task }, {});
    const shown = questionText(task, execution);
    // The person confirmed the decision by answering the form.
    const said = { ...decided.data, output: {}, confirmedByPerson: true, shown, starters };
    await decideTask(conductor, { execution, task }, { decision: said, caller });
  }
}
