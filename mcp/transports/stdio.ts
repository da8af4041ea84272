import { Console } from 'node:console';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio as serveConnection } from '@modelcontextprotocol/server/stdio';
import type { Logger } from '../../core/log.ts';
import { aborted } from '../../core/pause.ts';
import type { McpFront } from './mcp-front.ts';
import { StdioLines } from './stdio-lines.ts';
import { SubscriptionTransport } from './subscriptions.ts';

/**
 * Serves one client of either era over stdin and stdout. When the client closes stdin or `signal` is aborted, running calls are told
 * to stop. Then the promise resolves.
 */
export async function serveStdio(
  { build, subscriptions, warmUp = () => {} }: McpFront,
  { log, signal, maxLineBytes }: { log: Logger; signal: AbortSignal; maxLineBytes: number },
): Promise<void> {
  // stdout belongs to the protocol: a stray line of a library would end the connection, so the console writes to stderr.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  const connection = serveConnection((context) => build(context, subscriptions.changes), {
    transport: new SubscriptionTransport(new NotifyingTransport(warmUp, maxLineBytes), subscriptions),
    onerror: (err) => log.warn({ err }, 'MCP connection'),
  });
  await Promise.race([endOfInput(), aborted(signal)]);
  await connection.close();
  process.stdin.destroy(); // an open pipe would keep the process alive
}

/** Calls `sent` after each message, so that loading begins only when the client has its first answer. */
class NotifyingTransport extends StdioServerTransport {
  readonly #sent: () => void;

  readonly #lines: StdioLines;

  constructor(sent: () => void, maxLineBytes: number) {
    // The SDK's type has neither batches nor errors without an id, but it writes any value as a line.
    const lines = new StdioLines((answer) => void super.send(answer as JSONRPCMessage), maxLineBytes);
    super(lines.from(process.stdin));
    this.#lines = lines;
    this.#sent = sent;
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#lines.takes(message)) await super.send(message);
    this.#sent();
  }
}

function endOfInput(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => resolve());
  });
}
