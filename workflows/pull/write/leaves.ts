import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { isObject } from '../../../core/json.ts';
import { type Code, literal, object } from '../code/print.ts';
import { fields, type Schema, type Value } from '../schema/values.ts';
import type { Context } from './context.ts';
import { type Refer, wired } from './references.ts';

/** A call of a builder's method: the arguments after the reference, and what is known about the output of the step. */
export interface Built {
  method: string;
  args: readonly Code[];
  output: Value;
}

interface Writing {
  context: Context;
  refer: Refer;
}

/**
 * Writes a task as a call of the builder's method for its type; undefined if the task lacks what the method needs. The method may still
 * make a different task. The comparison with the stored definition finds this difference.
 */
type Leaf = (task: WorkflowTask, writing: Writing) => Built | undefined;

type Entry = readonly [key: string, value: Code];

const STRING: Schema = { type: 'string' };
const NUMBER: Schema = { type: 'number' };
const USED = { finishReason: STRING, tokenUsed: NUMBER, promptTokens: NUMBER, completionTokens: NUMBER };
const TOOL: Schema = { type: 'object', properties: { name: STRING, description: STRING }, required: ['name'] };
const CONTENT: Schema = { type: 'object', properties: { type: STRING, text: STRING, parsed: {} }, required: ['type'] };

/** Parameters of model tasks, and their names in the builder. */
const MODEL = { llmProvider: 'provider', model: 'model' };
const ANSWERING = {
  ...MODEL,
  temperature: 'temperature',
  maxTokens: 'maxTokens',
  topP: 'topP',
  stopWords: 'stopWords',
};
const MCP = { mcpServer: 'server', headers: 'headers' };

/** Parameters that the builder adds by itself, with these values. */
const BY_DEFAULT: Readonly<Record<string, unknown>> = { temperature: 0, maxTokens: 1_000 };

/** The functions for tasks that contain no other tasks, by type. */
export const LEAVES: Readonly<Record<string, Leaf>> = {
  SIMPLE(task, { context, refer }) {
    if (Object.hasOwn(inputOf(task), '__proto__')) return undefined; // a schema cannot have this key
    const { name, output } = context.contract(task.name);
    return { method: 'task', args: [name.use(), wired(inputOf(task), refer), ...placementOf(task)], output };
  },

  HTTP(task, { context, refer }) {
    const { http_request: request } = inputOf(task);
    const policy = context.policy(task.name);
    if (!policy || !isObject(request)) return undefined;
    const body = context.shape(`${task.taskReferenceName}.output`, 'response', 'body');
    const readTimeoutMs = request.readTimeOut === 25_000 ? undefined : request.readTimeOut;
    const given = {
      method: request.method,
      uri: request.uri,
      headers: request.headers,
      body: request.body,
      readTimeoutMs,
    };
    const entries: Entry[] = [...wiredEntries(given, refer), ['response', body.code]];
    const response = fields({ statusCode: NUMBER, body: body.schema });
    return {
      method: 'http',
      args: [policy.use(), object(entries), ...placementOf(task)],
      output: outputWith({ response }),
    };
  },

  INLINE(task, writing) {
    const { evaluatorType: _, expression, ...inputs } = inputOf(task);
    return script(task, writing, 'inline', inputs, ['script', literal(expression)]);
  },

  JSON_JQ_TRANSFORM(task, writing) {
    const { queryExpression, ...inputs } = inputOf(task);
    return script(task, writing, 'jq', inputs, ['query', literal(queryExpression)]);
  },

  SET_VARIABLE(task, { refer }) {
    if (Object.hasOwn(inputOf(task), '__proto__')) return undefined;
    return { method: 'set', args: [wired(inputOf(task), refer)], output: outputWith({}) };
  },

  TERMINATE(task, { refer }) {
    const { terminationStatus, terminationReason, workflowOutput } = inputOf(task);
    if (terminationReason === undefined || !isObject(workflowOutput)) return undefined;
    const more = Object.keys(workflowOutput).length > 0 ? [wired(workflowOutput, refer)] : [];
    const args = [literal(terminationStatus), wired(terminationReason, refer), ...more];
    return { method: 'terminate', args, output: outputWith({}) };
  },

  WAIT(task, { context }) {
    const { until, duration } = inputOf(task);
    const [, seconds] = /^([1-9]\d{0,8}) seconds$/.exec(String(duration)) ?? [];
    const given = seconds === undefined ? { until } : { seconds: Number(seconds) };
    const signal = context.shape(`${task.taskReferenceName}.output`);
    const isSignal = seconds === undefined && until === undefined;
    if (isSignal) return { method: 'wait', args: [object([['signal', signal.code]])], output: signal };
    return { method: 'wait', args: [literal(given)], output: outputWith({}) };
  },

  HUMAN(task, { context, refer }) {
    const output = context.shape(`${task.taskReferenceName}.output`);
    const asked = object([
      ['about', wired(inputOf(task), refer)],
      ['output', output.code],
    ]);
    return { method: 'human', args: [asked, ...placementOf(task)], output };
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
    if (!isObject(request) || request.version === undefined) return undefined;
    const { name, version, input, correlationId } = request;
    const called = context.workflow(name, version);
    if (!called) return undefined;
    const args = [called.name.use(), wired(input, refer), ...placementOf(task, wiredEntries({ correlationId }, refer))];
    return { method: 'startWorkflow', args, output: outputWith({ workflowId: STRING }) };
  },

  LLM_CHAT_COMPLETE: (task, writing) => answer(task, writing, 'llmChat', { ...ANSWERING, messages: 'messages' }),
  LLM_TEXT_COMPLETE: (task, writing) => answer(task, writing, 'llmText', { ...ANSWERING, prompt: 'prompt' }),
  LLM_GENERATE_EMBEDDINGS: (task, writing) =>
    service(task, writing, 'embed', { ...MODEL, text: 'text', dimensions: 'dimensions' }, { result: listOf(NUMBER) }),
  LIST_MCP_TOOLS: (task, writing) => service(task, writing, 'listMcpTools', MCP, { tools: listOf(TOOL) }),
  CALL_MCP_TOOL: (task, writing) =>
    service(
      task,
      writing,
      'callMcpTool',
      { ...MCP, method: 'tool', arguments: 'arguments' },
      { content: listOf(CONTENT) },
    ),
};

/** Writes the form of a model's answer: a JSON object or a text. */
function answer(
  task: WorkflowTask,
  writing: Writing,
  method: string,
  names: Record<string, string>,
): Built | undefined {
  const isText = inputOf(task).jsonOutput === false;
  const form: Entry[] = isText ? [['answer', literal('text')]] : [];
  return service(task, writing, method, names, { result: isText ? STRING : {}, ...USED }, form);
}

function service(
  task: WorkflowTask,
  { context, refer }: Writing,
  method: string,
  names: Readonly<Record<string, string>>,
  output: Record<string, Schema>,
  more: readonly Entry[] = [],
): Built | undefined {
  const policy = context.policy(task.name);
  if (!policy) return undefined;
  const given = Object.entries(inputOf(task)).filter(([key, value]) => key in names && value !== BY_DEFAULT[key]);
  const renamed = Object.fromEntries(given.map(([key, value]) => [names[key] ?? key, value]));
  const request = object([...wiredEntries(renamed, refer), ...more]);
  return { method, args: [policy.use(), request, ...placementOf(task)], output: outputWith(output) };
}

function script(
  task: WorkflowTask,
  { context, refer }: Writing,
  method: string,
  inputs: Record<string, unknown>,
  source: Entry,
): Built {
  const result = context.shape(`${task.taskReferenceName}.output`, 'result');
  const given = object([['inputs', wired(inputs, refer)], source, ['output', result.code]]);
  return { method, args: [given, ...placementOf(task)], output: outputWith({ result: result.schema }) };
}

/** The last argument of a builder's method: how the task behaves in its workflow. The list is empty if the argument is not needed. */
function placementOf(task: WorkflowTask, more: readonly Entry[] = []): Code[] {
  const keys = ['optional', 'permissive', 'retryCount', 'startDelay'] as const;
  const given = keys.filter((key) => key in task).map((key): Entry => [key, literal(task[key])]);
  return given.length + more.length === 0 ? [] : [object([...more, ...given])];
}

/** The defined values, as the entries of an object. */
function wiredEntries(values: Readonly<Record<string, unknown>>, refer: Refer): Entry[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, wired(value, refer)] as const],
  );
}

/** An output that always has these properties. */
export function outputWith(properties: Record<string, Schema>): Value {
  return { schema: fields(properties) };
}

function listOf(items: Schema): Schema {
  return { type: 'array', items };
}

export function inputOf(task: WorkflowTask): Record<string, unknown> {
  return task.inputParameters ?? {};
}
