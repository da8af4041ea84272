import type { Answer, McpClient } from '../support/mcp-clients.ts';
import { tokensOf } from '../support/tokens.ts';
import { type Advised, callsIn } from './advice.ts';

/** One call of a scripted agent and its cost for a model: the call it writes and the answer it reads. */
export interface Step {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly isError: boolean;
  readonly tokensOut: number;
  readonly tokensIn: number;
}

/**
 * Makes the calls that a competent agent would make. It knows only the person's request and the texts of earlier answers.
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

  /** The first call of `tool` that an answer recommends. @throws Error if it recommends none */
  advised(text: string, tool?: string): Advised {
    const found = callsIn(text, this.#tools).find((call) => tool === undefined || call.tool === tool);
    if (!found) throw new Error(`no call of ${tool ?? 'any tool'} is advised in:\n${text}`);
    return found;
  }

  /** Makes the call that an answer recommends, plus `more` arguments that the person gave. */
  follow(text: string, tool?: string, more: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const next = this.advised(text, tool);
    return this.call(next.tool, { ...next.args, ...more });
  }

  /** Waits for the end of an execution with the recommended call, unless the execution has already ended. */
  async watch(text: string): Promise<void> {
    const isOpen = callsIn(text, this.#tools).some(({ tool }) => tool === 'get_execution_status');
    if (isOpen) await this.follow(text, 'get_execution_status', { waitSeconds: 30 });
  }

  /** All tokens that the model wrote and read. */
  get tokens(): number {
    return this.steps.reduce((sum, step) => sum + step.tokensIn + step.tokensOut, 0);
  }
}

/** Some clients show a model the text, others the structured content. The larger one counts. */
function readingTokens({ text, structured }: Answer): number {
  const hasStructure = Object.keys(structured).length > 0;
  return Math.max(tokensOf(text), hasStructure ? tokensOf(structured) : 0);
}
