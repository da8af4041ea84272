import type { McpClient } from '../support/mcp-clients.ts';
import { type Advised, nextCall } from './advice.ts';

/** The calls of a caller that follows every suggested call. */
export interface Recovery {
  readonly calls: readonly (Advised & { readonly text: string; readonly isError: boolean })[];
  readonly recovered: boolean;
}

/** Makes a call. While calls fail, it makes the call that the error suggests, at most `most` times. */
export async function recover(
  client: McpClient,
  first: Advised,
  { tools, most }: { tools: readonly string[]; most: number },
): Promise<Recovery> {
  const calls: (Advised & { text: string; isError: boolean })[] = [];
  for (let next: Advised | undefined = first; next && calls.length <= most; ) {
    const { text, isError } = await client.call(next.tool, { ...next.args });
    calls.push({ ...next, text, isError });
    if (!isError) return { calls, recovered: true };
    next = nextCall(text, tools);
  }
  return { calls, recovered: false };
}
