import type { Answer, McpClient } from '../support/mcp-clients.ts';
import { tokensOf } from '../support/tokens.ts';
import { type Advised, callsIn } from './advice.ts';

/** One call of a scripted agent, with the tokens that a model would spend on it: to write the call and to read the answer. */
export interface Step {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isError: boolean;
  readonly tokensOut: number;
  readonly tokensIn: number;
}

/**
 * A scripted agent that makes the calls of a competent agent. It knows only the person's request and the texts of earlier answers.
 */
export class Agent {
  readonly steps: Step[] = [];
  readonly #client: McpClient;
  readonly #tools: readonly string[];

  private constructor(client: McpClient, tools: readonly string[]) {
    this.#client = client;
    this.#tools = tools;
  }

  static async over(client: McpClient): Promise<Agent> {
    return new Agent(client, await client.toolNames());
  }

  /** Makes a call and returns the text of the answer. */
  async call(tool: string, args: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await this.#client.call(tool, args);
    this.steps.push({
      tool,
      args,
      text: answer.text,
      isError: answer.isError,
      tokensOut: tokensOf(tool) + tokensOf(args),
      tokensIn: readingTokens(answer),
    });
    return answer.text;
  }

  /** Returns the first call of `tool` that an answer recommends. @throws Error if the answer recommends none */
  advised(text: string, tool?: string): Advised {
    const found = callsIn(text, this.#tools).find((call) => tool === undefined || call.tool === tool);
    if (!found) throw new Error(`the answer recommends no call of ${tool ?? 'any tool'}:\n${text}`);
    return found;
  }

  /** Makes the call that an answer recommends. `more` holds further arguments that the person gave. */
  follow(text: string, tool?: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const next = this.advised(text, tool);
    return this.call(next.tool, { ...next.args, ...more });
  }

  /** Waits for the end of an execution by making the recommended call. Does nothing if the execution has already ended. */
  async watch(text: string): Promise<void> {
    const isOpen = callsIn(text, this.#tools).some(({ tool }) => tool === 'get_execution_status');
    if (isOpen) await this.follow(text, 'get_execution_status', { waitSeconds: 30 });
  }

  /** Sum of all tokens that a model would have written and read. */
  get tokens(): number {
    return this.steps.reduce((sum, step) => sum + step.tokensIn + step.tokensOut, 0);
  }
}

/** Some clients show a model the text, others the structured content. This counts the larger of the two. */
function readingTokens({ text, structured }: Answer): number {
  const hasStructure = Object.keys(structured).length > 0;
  return Math.max(tokensOf(text), hasStructure ? tokensOf(structured) : 0);
}
