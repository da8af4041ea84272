import type { TaskPolicy } from '../../core/contract.ts';
import type { Placed, QueuedPlacement, Step } from './builder-types.ts';
import { LeafTasks } from './leaf-tasks.ts';
import type { Wired } from './refs.ts';
import {
  type Answer,
  type AnswerForm,
  type Chat,
  type ChatOutput,
  chatInput,
  type ModelOutput,
  type ModelRequest,
  mcpCallInput,
  modelInput,
  type Tool,
} from './system/model-inputs.ts';

/** Where an MCP server is. It has to be stateless: the server sends each request without an `initialize` before it. */
interface McpServer {
  server: Wired<string>;
  headers?: Record<string, Wired<string>>;
}

/** What an MCP tool answered. `parsed` is there for text that is JSON, and `isError` only if the tool failed. */
interface McpOutput {
  content: { type: string; text?: string; parsed?: unknown }[];
  isError?: boolean;
}

/**
 * The tasks of language models and MCP servers. The server tries each of them three times more, even after a refusal, unless the
 * policy or the placement has a `retryCount` from 1 on; `retryCount: 0` counts in the placement only.
 */
export class ModelTasks<V> extends LeafTasks<V> {
  /**
   * LLM_CHAT_COMPLETE. The answer is a JSON object, whose shape is the model's promise: check it before you rely on it; or with
   * `answer: 'text'` a text, which the server turns into an object where it is JSON. In a loop the server adds the answers of the rounds before, behind your messages, for providers other
   * than Anthropic.
   */
  llmChat<A extends AnswerForm = 'json', T extends readonly Tool[] | undefined = undefined, F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    { answer, ...chat }: Omit<Chat, 'tools'> & { answer?: A; tools?: T },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<ChatOutput<A, T>, F>> {
    const { tools, ...rest } = chat;
    const input = chatInput({ ...rest, ...(tools && { tools }) }, answer ?? 'json');
    return this.add(ref, this.build.use(policy), 'LLM_CHAT_COMPLETE', input, placement);
  }

  /** LLM_TEXT_COMPLETE: one prompt, one answer. It is a JSON object, or with `answer: 'text'` a text. */
  llmText<A extends AnswerForm = 'json', F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    { answer, prompt, ...request }: ModelRequest & { prompt: Wired<string>; answer?: A },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<ModelOutput<Answer<A>>, F>> {
    const input = { ...modelInput(request), prompt, jsonOutput: answer !== 'text' };
    return this.add(ref, this.build.use(policy), 'LLM_TEXT_COMPLETE', input, placement);
  }

  /** LLM_GENERATE_EMBEDDINGS: a text as a vector. */
  embed<F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    {
      provider,
      ...request
    }: { provider: Wired<string>; model: Wired<string>; text: Wired<string>; dimensions?: number },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<{ result: number[] }, F>> {
    const input = { llmProvider: provider, ...request };
    return this.add(ref, this.build.use(policy), 'LLM_GENERATE_EMBEDDINGS', input, placement);
  }

  /** LIST_MCP_TOOLS: what a stateless MCP server can do. */
  listMcpTools<F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    { server, ...rest }: McpServer,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<{ tools: { name: string; description?: string; inputSchema: unknown }[] }, F>> {
    return this.add(ref, this.build.use(policy), 'LIST_MCP_TOOLS', { mcpServer: server, ...rest }, placement);
  }

  /** CALL_MCP_TOOL on a stateless MCP server. A tool that fails leaves the task completed: look at `isError`. */
  callMcpTool<F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    call: McpServer & { tool: Wired<string>; arguments: Wired<Record<string, unknown>> },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<McpOutput, F>> {
    return this.add(ref, this.build.use(policy), 'CALL_MCP_TOOL', mcpCallInput(call), placement);
  }
}
