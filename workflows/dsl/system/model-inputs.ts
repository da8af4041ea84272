import type { z } from 'zod';
import { inputSchemaOf } from '../../../core/contract.ts';
import type { Wired } from '../refs.ts';

/** Which model, and how freely it answers. */
export interface ModelRequest {
  /** As the server knows it, e.g. `litellm`, `anthropic`. */
  provider: Wired<string>;
  model: Wired<string>;
  /** Default 0. OpenAI's own models are not sent it. */
  temperature?: number;
  /** Default 1,000. */
  maxTokens?: number;
  topP?: number;
  stopWords?: readonly string[];
}

/** A tool call that a model asks for. The server does not make it. */
export interface ToolCall {
  taskReferenceName: string;
  name: string;
  /** The arguments. The server adds the tool's name to them as `method`. */
  inputParameters: Record<string, unknown>;
}

/** A turn of a conversation; `tool_call` and `tool` hand back what a model asked for, and what came of it. */
export type ChatMessage =
  | { role: 'system' | 'user' | 'assistant'; message: string }
  | { role: 'tool_call'; toolCalls: readonly ToolCall[] }
  | { role: 'tool'; toolCalls: readonly (Omit<ToolCall, 'inputParameters'> & { output: Record<string, unknown> })[] };

/** What a model can be told of a tool: any task or workflow will do. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType;
}

/** A conversation to go on with. */
export interface Chat extends ModelRequest {
  messages: Wired<readonly ChatMessage[]>;
  tools?: readonly Tool[];
}

/** The form of an answer: with `json` the task fails on anything that is no JSON object. */
export type AnswerForm = 'json' | 'text';

/** What is in a JSON object is the model's promise alone. A text that happens to be a JSON object becomes one, asked for or not. */
export type Answer<A extends AnswerForm> = A extends 'text'
  ? string | Record<string, unknown>
  : Record<string, unknown>;

/** What a model's task hands on. Where the model asks for tools, `result` is an empty list. */
export interface ModelOutput<R> {
  result: R;
  /** `STOP`, `LENGTH`, `TOOL_CALLS`, or as the provider calls it. */
  finishReason: string;
  tokenUsed: number;
  promptTokens: number;
  completionTokens: number;
}

/** A chat's output; `T` says whether tools were offered. */
export type ChatOutput<A extends AnswerForm, T> = T extends readonly Tool[]
  ? ModelOutput<Answer<A> | never[]> & { toolCalls?: ToolCall[] }
  : ModelOutput<Answer<A>>;

/** The input of an LLM_CHAT_COMPLETE task. */
export function chatInput({ messages, tools, ...request }: Chat, answer: AnswerForm): object {
  return {
    ...modelInput(request),
    messages,
    jsonOutput: answer === 'json',
    ...(tools && { tools: tools.map(toolSpec) }),
  };
}

/** The input of a CALL_MCP_TOOL task. */
export function mcpCallInput(call: {
  server: unknown;
  tool: unknown;
  arguments: unknown;
  headers?: object | undefined;
}): object {
  const { server, tool, arguments: given, headers } = call;
  return { mcpServer: server, method: tool, arguments: given, ...(headers && { headers }) };
}

/** What every task of a model takes. */
export function modelInput({ provider, model, temperature = 0, maxTokens = 1_000, ...rest }: ModelRequest): object {
  return { llmProvider: provider, model, temperature, maxTokens, ...rest };
}

function toolSpec({ name, description, input }: Tool): object {
  return { name, type: 'SIMPLE', description, inputSchema: inputSchemaOf(input) };
}
