import { eras, type McpConnection } from './connection.ts';
import type { Operation } from './operations.ts';
import { fleetProgram, type Where } from './programs.ts';
import { openStdio } from './stdio.ts';
import type { Way } from './ways.ts';

/** Token counts for one answer of one server. */
export interface Tokens {
  what: string;
  way: string;
  /** Tokens of the text and of the structured content. A client may show either to its model. */
  text: number;
  structured: number;
  /** Bytes of the whole message. */
  bytes: number;
}

type Counter = (text: string) => number;

/** Counts the tokens of each operation's answer over every way to Conductor, and of each server's default tool list. */
export async function tokensOf(
  ways: readonly Way[],
  operations: readonly Operation[],
  where: Where,
): Promise<Tokens[]> {
  // This is the tokenizer of recent OpenAI models. The tokenizers of other models give counts that differ by a few percent.
  const { countTokens: count } = await import('gpt-tokenizer/encoding/o200k_base');
  const results: Tokens[] = [];
  for (const operation of operations) {
    for (const way of ways.filter((one) => one.connection && one.can(operation))) {
      const { text, structured, bytes } = await way.answer(operation);
      const tokens = {
        text: count(text),
        structured: structured === undefined ? 0 : count(JSON.stringify(structured)),
      };
      results.push({ what: operation.name, way: way.name, ...tokens, bytes });
    }
  }
  for (const era of eras) {
    // Workflow tools are not listed, because their number depends on the definitions on the server.
    const server = await openStdio(fleetProgram(where, { args: ['--workflow-tools-deny', '*'] }), era);
    results.push(await listTokens(`stdio ${era}`, server, count));
    await server.hangUp();
  }
  const peer = ways.find(({ kind }) => kind === 'peer');
  if (peer?.connection) results.push(await listTokens(peer.name, peer.connection, count));
  return results;
}

async function listTokens(way: string, connection: McpConnection, count: Counter): Promise<Tokens> {
  const { tools } = await connection.list();
  const text = JSON.stringify(tools);
  return { what: 'tools/list', way, text: count(text), structured: 0, bytes: Buffer.byteLength(text) };
}
