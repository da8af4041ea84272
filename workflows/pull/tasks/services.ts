import { z } from 'zod';
import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { type Code, object, text } from '../code/code.ts';
import { literal } from '../code/literals.ts';
import { wired } from '../expressions/wire.ts';
import { type Built, hasOnly, inputOf, keysAmong, type Leaf, placementOf, QUEUED, type Writing } from './built.ts';

/** The tasks of language models and MCP servers, as the builder makes them. */

/** From a parameter to the name it has in the builder, and how it is left out there. */
interface Parameter {
  key: string;
  as: string;
  /** The value that it has if nothing is said; absent: it has to be there or may be missing, see `needed`. */
  byDefault?: unknown;
  needed?: boolean;
  expects?: z.ZodType;
}

const MODEL: readonly Parameter[] = [
  { key: 'llmProvider', as: 'provider', needed: true, expects: z.string() },
  { key: 'model', as: 'model', needed: true, expects: z.string() },
  { key: 'temperature', as: 'temperature', byDefault: 0 },
  { key: 'maxTokens', as: 'maxTokens', byDefault: 1_000 },
  { key: 'topP', as: 'topP' },
  { key: 'stopWords', as: 'stopWords' },
];

const MCP: readonly Parameter[] = [
  { key: 'mcpServer', as: 'server', needed: true, expects: z.string() },
  { key: 'headers', as: 'headers' },
];

const messages = z.array(z.looseObject({ message: z.string() }));

const tokens = {
  finishReason: z.string(),
  tokenUsed: z.number(),
  promptTokens: z.number(),
  completionTokens: z.number(),
};

/** LLM_CHAT_COMPLETE without tools. */
export const llmChat: Leaf = (task, writing) =>
  service(
    task,
    writing,
    'llmChat',
    [...MODEL, { key: 'messages', as: 'messages', needed: true, expects: messages }],
    answerOf(task),
  );

/** LLM_TEXT_COMPLETE. */
export const llmText: Leaf = (task, writing) =>
  service(
    task,
    writing,
    'llmText',
    [...MODEL, { key: 'prompt', as: 'prompt', needed: true, expects: z.string() }],
    answerOf(task),
  );

/** LLM_GENERATE_EMBEDDINGS. */
export const embed: Leaf = (task, writing) => {
  const parameters: Parameter[] = [
    { key: 'llmProvider', as: 'provider', needed: true, expects: z.string() },
    { key: 'model', as: 'model', needed: true, expects: z.string() },
    { key: 'text', as: 'text', needed: true, expects: z.string() },
    { key: 'dimensions', as: 'dimensions' },
  ];
  return service(task, writing, 'embed', parameters, { output: z.object({ result: z.array(z.number()) }) });
};

/** LIST_MCP_TOOLS. */
export const listMcpTools: Leaf = (task, writing) => {
  const tool = z.object({ name: z.string(), description: z.string().optional(), inputSchema: z.unknown() });
  return service(task, writing, 'listMcpTools', MCP, { output: z.object({ tools: z.array(tool) }) });
};

/** CALL_MCP_TOOL. */
export const callMcpTool: Leaf = (task, writing) => {
  const parameters: Parameter[] = [
    ...MCP,
    { key: 'method', as: 'tool', needed: true, expects: z.string() },
    { key: 'arguments', as: 'arguments', needed: true },
  ];
  const content = z.object({ type: z.string(), text: z.string().optional(), parsed: z.unknown().optional() });
  const output = z.object({ content: z.array(content), isError: z.boolean().optional() });
  return service(task, writing, 'callMcpTool', parameters, { output });
};

interface Answer {
  output: z.ZodType;
  /** A parameter that the form of the answer stands for. */
  form?: { key: string; entries: [string, Code][] };
}

function answerOf(task: WorkflowTask): Answer | undefined {
  const { jsonOutput } = inputOf(task);
  if (typeof jsonOutput !== 'boolean') return undefined;
  const entries: [string, Code][] = jsonOutput ? [] : [['answer', literal('text')]];
  const result = jsonOutput ? z.unknown() : z.string();
  return { output: z.object({ result, ...tokens }), form: { key: 'jsonOutput', entries } };
}

function service(
  task: WorkflowTask,
  { writer, refer }: Writing,
  method: string,
  parameters: readonly Parameter[],
  answer: Answer | undefined,
): Built | undefined {
  const input = inputOf(task);
  const keys = [...parameters.map(({ key }) => key), ...(answer?.form ? [answer.form.key] : [])];
  if (!answer || !hasOnly(task, ...QUEUED) || !keysAmong(input, keys)) return undefined;
  if (parameters.some(({ key, needed, byDefault }) => (needed || byDefault !== undefined) && !(key in input)))
    return undefined;
  const policy = writer.policy(task.name);
  if (!policy) return undefined;
  const given = parameters.filter(
    ({ key, byDefault }) => key in input && (byDefault === undefined || input[key] !== byDefault),
  );
  const entries = given.map(({ key, as, expects }): [string, Code] => [as, wired(input[key], refer, expects)]);
  return {
    method,
    args: [text(policy.name), object([...entries, ...(answer.form?.entries ?? [])]), ...placementOf(task)],
    output: answer.output,
  };
}
