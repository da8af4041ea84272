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

/** An MCP server. It must be stateless, because Conductor never sends `initialize` before a request. */
interface McpServer {
  server: Wired<string>;
  headers?: Record<string, Wired<string>>;
}

/** The answer of an MCP tool. `parsed` is present if the text is JSON, `isError` only if the tool failed. */
interface McpOutput {
  content: { type: string; text?: string; parsed?: unknown }[];
  isError?: boolean;
}

/**
 * The tasks for language models and MCP servers. The server retries each of these tasks three times, even after a refusal. To change the
 * number, set `retryCount` in the policy or in the placement. In a policy, `retryCount: 0` has no effect: write 0 into the placement.
 */
export class ModelTasks<V> extends LeafTasks<V> {
  /**
   * LLM_CHAT_COMPLETE: lets a model continue a conversation. The answer is a JSON object. The model alone decides on its fields, so check
   * them. With `answer: 'text'`, the answer is a string, or an object if the string is JSON. In a loop, the server appends the answers of
   * earlier rounds to your messages, except for the provider Anthropic.
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

  /** LLM_TEXT_COMPLETE: sends one prompt to a model. The answer is a JSON object, or a string with `answer: 'text'`. */
  llmText<A extends AnswerForm = 'json', F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    { answer, prompt, ...request }: ModelRequest & { prompt: Wired<string>; answer?: A },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<ModelOutput<Answer<A>>, F>> {
    const input = { ...modelInput(request), prompt, jsonOutput: answer !== 'text' };
    return this.add(ref, this.build.use(policy), 'LLM_TEXT_COMPLETE', input, placement);
  }

  /** LLM_GENERATE_EMBEDDINGS: turns a text into a vector. */
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

  /** LIST_MCP_TOOLS: lists the tools of a stateless MCP server. */
  listMcpTools<F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    { server, ...rest }: McpServer,
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<{ tools: { name: string; description?: string; inputSchema: unknown }[] }, F>> {
    return this.add(ref, this.build.use(policy), 'LIST_MCP_TOOLS', { mcpServer: server, ...rest }, placement);
  }

  /** CALL_MCP_TOOL: calls a tool of a stateless MCP server. If the tool fails, the task still completes, so check `isError`. */
  callMcpTool<F extends boolean = false>(
    ref: string,
    policy: TaskPolicy,
    call: McpServer & { tool: Wired<string>; arguments: Wired<Record<string, unknown>> },
    placement: QueuedPlacement<F> = {},
  ): Step<Placed<McpOutput, F>> {
    return this.add(ref, this.build.use(policy), 'CALL_MCP_TOOL', mcpCallInput(call), placement);
  }
}
