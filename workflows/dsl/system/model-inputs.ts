import type { z } from 'zod';
import { inputSchemaOf } from '../../../core/contract.ts';
import type { Wired } from '../refs.ts';

/** A model and its parameters. */
export interface ModelRequest {
  /** The server's name for the provider, e.g. `litellm` or `anthropic`. */
  provider: Wired<string>;
  model: Wired<string>;
  /** Default 0. The server does not send it to OpenAI's own models. */
  temperature?: number;
  /** Default 1,000. */
  maxTokens?: number;
  topP?: number;
  stopWords?: readonly string[];
}

/** A tool call that a model requests. The server does not execute it. */
export interface ToolCall {
  taskReferenceName: string;
  name: string;
  /** The arguments of the call. The server adds the name of the tool as `method`. */
  inputParameters: Record<string, unknown>;
}

/** A turn of a conversation. A `tool_call` repeats a call that the model requested; a `tool` turn has its result. */
export type ChatMessage =
  | { role: 'system' | 'user' | 'assistant'; message: string }
  | { role: 'tool_call'; toolCalls: readonly ToolCall[] }
  | { role: 'tool'; toolCalls: readonly (Omit<ToolCall, 'inputParameters'> & { output: Record<string, unknown> })[] };

/** A tool that is offered to a model. It can be any task or workflow. */
export interface Tool {
  readonly name: string;
  readonly description: string;
  readonly input: z.ZodType;
}

/** A conversation for the model to continue. */
export interface Chat extends ModelRequest {
  messages: Wired<readonly ChatMessage[]>;
  tools?: readonly Tool[];
}

/** The form of an answer. With `json`, the task fails if the answer is not a JSON object. */
export type AnswerForm = 'json' | 'text';

/**
 * The answer of a model. Its fields have no schema, because the model decides on them. The server turns a text that is a JSON object into
 * this object.
 */
export type Answer<A extends AnswerForm> = A extends 'text'
  ? string | Record<string, unknown>
  : Record<string, unknown>;

/** The output of a model task. If the model requests tool calls, `result` is an empty list. */
export interface ModelOutput<R> {
  result: R;
  /** `STOP`, `LENGTH`, `TOOL_CALLS`, or a value of the provider. */
  finishReason: string;
  tokenUsed: number;
  promptTokens: number;
  completionTokens: number;
}

/** The output of a chat. `T` is the list of the offered tools, if there are any. */
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
export function mcpCallInput(call: Record<'server' | 'tool' | 'arguments', unknown> & { headers?: unknown }): object {
  const { server, tool, arguments: given, headers } = call;
  return { mcpServer: server, method: tool, arguments: given, ...(headers !== undefined && { headers }) };
}

/** The input that all model tasks have in common. */
export function modelInput({ provider, model, temperature = 0, maxTokens = 1_000, ...rest }: ModelRequest): object {
  return { llmProvider: provider, model, temperature, maxTokens, ...rest };
}

function toolSpec({ name, description, input }: Tool): object {
  return { name, type: 'SIMPLE', description, inputSchema: inputSchemaOf(input) };
}
