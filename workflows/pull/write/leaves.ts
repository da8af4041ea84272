import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { type Code, literal, object } from '../code/print.ts';
import { fields, type Schema, type Value } from '../schema/values.ts';
import type { Context } from './context.ts';
import { type Refer, wired } from './references.ts';

/** A builder's method with its arguments after the reference, and what the step's output is. */
export interface Built {
  method: string;
  args: readonly Code[];
  output: Value;
  /** Steps of its branches that later tasks can refer to. */
  brings?: readonly Brought[];
}

/** A step of a branch, as seen after the branch. */
export interface Brought {
  ref: string;
  /** What follows the name of the step that has the branch, e.g. `.left`. */
  code: string;
  output: Value;
}

export interface Writing {
  context: Context;
  refer: Refer;
}

type Entry = readonly [key: string, value: Code];

/**
 * Writes a task by the builder's method for its type, or undefined if the task lacks what the method needs. The method may still make
 * another task of it: that is found when the result is compared with what is stored.
 */
type Leaf = (task: WorkflowTask, writing: Writing) => Built | undefined;

/** The tasks that hold no other tasks, by type. */
export const LEAVES: Readonly<Record<string, Leaf>> = {
  SIMPLE(task, { context, refer }) {
    if (Object.hasOwn(inputOf(task), '__proto__')) return undefined; // no schema can have a key of that name
    const { name, output } = context.contract(task.name);
    return { method: 'task', args: [name.use(), wired(inputOf(task), refer), ...placementOf(task)], output };
  },

  HTTP(task, { context, refer }) {
    const { http_request: request } = inputOf(task);
    const policy = context.policy(task.name);
    if (!policy || !isObject(request)) return undefined;
    const { method, uri, headers, body, readTimeOut } = request;
    const answered = context.inferred(`${task.taskReferenceName}.output`, 'response', 'body');
    const entries: Entry[] = [
      ['method', literal(method)],
      ['uri', wired(uri, refer)],
      ...optional('headers', headers, refer),
      ...optional('body', body, refer),
      ...optional('readTimeoutMs', readTimeOut === 25_000 ? undefined : readTimeOut, refer),
      ['response', answered.code],
    ];
    const response = fields({ statusCode: NUMBER, body: answered.schema });
    return {
      method: 'http',
      args: [policy.use(), object(entries), ...placementOf(task)],
      output: outputWith({ response }),
    };
  },

  INLINE(task, writing) {
    const { evaluatorType: _, expression, ...inputs } = inputOf(task);
    return script(task, writing, { method: 'inline', key: 'script', source: expression, inputs });
  },

  JSON_JQ_TRANSFORM(task, writing) {
    const { queryExpression, ...inputs } = inputOf(task);
    return script(task, writing, { method: 'jq', key: 'query', source: queryExpression, inputs });
  },

  SET_VARIABLE(task, { refer }) {
    if (Object.hasOwn(inputOf(task), '__proto__')) return undefined;
    return { method: 'set', args: [wired(inputOf(task), refer)], output: outputWith({}) };
  },

  TERMINATE(task, { refer }) {
    const { terminationStatus, terminationReason, workflowOutput } = inputOf(task);
    if (terminationReason === undefined || !isObject(workflowOutput)) return undefined;
    const output = Object.keys(workflowOutput).length > 0 ? [wired(workflowOutput, refer)] : [];
    const args = [literal(terminationStatus), wired(terminationReason, refer), ...output];
    return { method: 'terminate', args, output: outputWith({}) };
  },

  WAIT(task, { context }) {
    const { until, duration } = inputOf(task);
    const [, seconds] = /^([1-9]\d{0,8}) seconds$/.exec(String(duration)) ?? [];
    if (seconds !== undefined)
      return { method: 'wait', args: [object([['seconds', seconds]])], output: outputWith({}) };
    if (until !== undefined)
      return { method: 'wait', args: [object([['until', literal(until)]])], output: outputWith({}) };
    const signal = context.inferred(`${task.taskReferenceName}.output`);
    return { method: 'wait', args: [object([['signal', signal.code]])], output: signal };
  },

  HUMAN(task, { context, refer }) {
    const output = context.inferred(`${task.taskReferenceName}.output`);
    const entries: Entry[] = [
      ['about', wired(inputOf(task), refer)],
      ['output', output.code],
    ];
    return { method: 'human', args: [object(entries), ...placementOf(task)], output };
  },

  SUB_WORKFLOW(task, { context, refer }) {
    const { subWorkflowParam: callee } = task;
    const called = isObject(callee) && callee.version !== undefined && context.workflow(callee.name, callee.version);
    if (!called) return undefined;
    const args = [called.name.use(), wired(inputOf(task), refer), ...placementOf(task)];
    return { method: 'subWorkflow', args, output: called.output };
  },

  START_WORKFLOW(task, { context, refer }) {
    const { startWorkflow: request } = inputOf(task);
    if (!isObject(request) || request.version === undefined || !isObject(request.input)) return undefined;
    const called = context.workflow(request.name, request.version);
    if (!called) return undefined;
    const correlationId = optional('correlationId', request.correlationId, refer);
    const args = [called.name.use(), wired(request.input, refer), ...placementOf(task, correlationId)];
    return { method: 'startWorkflow', args, output: outputWith({ workflowId: STRING }) };
  },

  LLM_CHAT_COMPLETE: (task, writing) => model(task, writing, 'llmChat', { messages: 'messages' }),
  LLM_TEXT_COMPLETE: (task, writing) => model(task, writing, 'llmText', { prompt: 'prompt' }),
  LLM_GENERATE_EMBEDDINGS(task, writing) {
    const names = { llmProvider: 'provider', model: 'model', text: 'text', dimensions: 'dimensions' };
    return service(task, writing, 'embed', names, outputWith({ result: { type: 'array', items: NUMBER } }));
  },
  LIST_MCP_TOOLS(task, writing) {
    return service(task, writing, 'listMcpTools', MCP, outputWith({ tools: { type: 'array', items: TOOL } }));
  },
  CALL_MCP_TOOL(task, writing) {
    const names = { ...MCP, method: 'tool', arguments: 'arguments' };
    return service(task, writing, 'callMcpTool', names, outputWith({ content: { type: 'array', items: CONTENT } }));
  },
};

const STRING: Schema = { type: 'string' };
const NUMBER: Schema = { type: 'number' };
const TOOL: Schema = {
  ...fields({ name: STRING }),
  properties: { name: STRING, description: STRING, inputSchema: {} },
};
const CONTENT: Schema = { ...fields({ type: STRING }), properties: { type: STRING, text: STRING, parsed: {} } };

/** From the parameters of a task to their names in the builder. */
const MCP = { mcpServer: 'server', headers: 'headers' };
const MODEL = {
  llmProvider: 'provider',
  model: 'model',
  temperature: 'temperature',
  maxTokens: 'maxTokens',
  topP: 'topP',
  stopWords: 'stopWords',
};

/** Parameters that the builder writes by itself with these values. */
const BY_DEFAULT: Readonly<Record<string, unknown>> = { temperature: 0, maxTokens: 1_000 };

function model(task: WorkflowTask, writing: Writing, method: string, own: Record<string, string>): Built | undefined {
  const isText = inputOf(task).jsonOutput === false;
  const result = isText ? STRING : {};
  const used = { finishReason: STRING, tokenUsed: NUMBER, promptTokens: NUMBER, completionTokens: NUMBER };
  const answer: Entry[] = isText ? [['answer', literal('text')]] : [];
  return service(task, writing, method, { ...MODEL, ...own }, outputWith({ result, ...used }), answer);
}

function service(
  task: WorkflowTask,
  { context, refer }: Writing,
  method: string,
  names: Readonly<Record<string, string>>,
  output: Value,
  more: readonly Entry[] = [],
): Built | undefined {
  const policy = context.policy(task.name);
  if (!policy) return undefined;
  const given = Object.entries(inputOf(task)).filter(([key, value]) => key in names && value !== BY_DEFAULT[key]);
  const entries = given.map(([key, value]): Entry => [names[key] ?? key, wired(value, refer)]);
  return { method, args: [policy.use(), object([...entries, ...more]), ...placementOf(task)], output };
}

function script(
  task: WorkflowTask,
  { context, refer }: Writing,
  { method, key, source, inputs }: { method: string; key: string; source: unknown; inputs: Record<string, unknown> },
): Built {
  const result = context.inferred(`${task.taskReferenceName}.output`, 'result');
  const entries: Entry[] = [
    ['inputs', wired(inputs, refer)],
    [key, literal(source)],
    ['output', result.code],
  ];
  return { method, args: [object(entries), ...placementOf(task)], output: outputWith({ result: result.schema }) };
}

/** How the task behaves in its workflow, as the last argument of a builder's method: none, or one. */
function placementOf(task: WorkflowTask, more: readonly Entry[] = []): Code[] {
  const keys = ['optional', 'permissive', 'retryCount', 'startDelay'] as const;
  const given = keys.filter((key) => key in task).map((key): Entry => [key, literal(task[key])]);
  return given.length + more.length === 0 ? [] : [object([...more, ...given])];
}

function optional(key: string, value: unknown, refer: Refer): Entry[] {
  return value === undefined ? [] : [[key, wired(value, refer)]];
}

/** An output that always has these properties. */
export function outputWith(properties: Record<string, Schema>): Value {
  return { schema: fields(properties) };
}

export function inputOf(task: WorkflowTask): Record<string, unknown> {
  return task.inputParameters ?? {};
}
