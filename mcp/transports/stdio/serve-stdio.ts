import { Console } from 'node:console';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import { StdioServerTransport, serveStdio as serveConnection } from '@modelcontextprotocol/server/stdio';
import type { Logger } from '../../../core/log.ts';
import { aborted } from '../../../core/pause.ts';
import type { McpFront } from '../mcp-front.ts';
import { SubscriptionTransport } from '../subscriptions.ts';
import { type LineHandlers, StdioLines } from './stdio-lines.ts';
import { UnhandledRequests } from './unhandled-requests.ts';

/**
 * Serves one client of either era over stdin and stdout. When the client closes stdin or `signal` is aborted, running calls are told
 * to stop. Then the promise resolves.
 */
export async function serveStdio(
  front: McpFront,
  { log, signal, maxLineBytes }: { log: Logger; signal: AbortSignal; maxLineBytes: number },
): Promise<void> {
  const { build, subscriptions } = front;
  // stdout belongs to the protocol: a stray line of a library would end the connection, so the console writes to stderr.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  const connection = serveConnection((context) => build(context, subscriptions.changes), {
    transport: new SubscriptionTransport(new RecordedTransport(front, maxLineBytes), subscriptions),
    onerror: (err) => log.warn({ err }, 'MCP connection'),
  });
  await Promise.race([endOfInput(), aborted(signal)]);
  await connection.close();
  process.stdin.destroy(); // an open pipe would keep the process alive
}

/** Records the requests that no handler of ours answers. Loading begins only when the client has its first answer. */
class RecordedTransport extends StdioServerTransport {
  readonly #front: McpFront;
  readonly #lines: StdioLines;
  readonly #unhandled: UnhandledRequests;

  constructor(front: McpFront, maxLineBytes: number) {
    const unhandled = new UnhandledRequests(front);
    const handlers: LineHandlers = {
      // The SDK's type has neither batches nor errors without an id, but it writes any value as a line.
      send: (answer) => void super.send(answer as JSONRPCMessage),
      passed: (message) => unhandled.arrived(message),
      refused: (message, { error }) => unhandled.refused(message, error),
    };
    const lines = new StdioLines(handlers, maxLineBytes);
    super(lines.from(process.stdin));
    this.#front = front;
    this.#lines = lines;
    this.#unhandled = unhandled;
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await this.#unhandled.answered(message);
    if (!this.#lines.takes(message)) await super.send(message);
    this.#front.warmUp?.();
  }
}

function endOfInput(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => resolve());
  });
}
