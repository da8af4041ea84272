import { Console } from 'node:console';
import { StdioServerTransport, serveStdio as serveConnection } from '@modelcontextprotocol/server/stdio';
import { aborted } from '../../core/drain.ts';
import type { Logger } from '../../core/log.ts';
import { connecting } from './connection.ts';
import { ListeningTransport, type Served } from './listening.ts';

/**
 * Serves one client over stdin and stdout, either era of the protocol. Resolves when the client closed stdin or `signal` was
 * aborted, after running calls were told to stop.
 */
export async function serveStdio(
  { build, listening }: Served,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> {
  // stdout belongs to the protocol: one stray line of a library would end the conversation.
  globalThis.console = new Console({ stdout: process.stderr, stderr: process.stderr });
  const connection = serveConnection(connecting(build, listening.changes), {
    transport: new ListeningTransport(new StdioServerTransport(), listening),
    onerror: (err) => log.warn({ err }, 'MCP connection'),
  });
  await Promise.race([endOfInput(), aborted(signal)]);
  await connection.close();
  process.stdin.destroy(); // an open pipe would keep the process alive
}

function endOfInput(): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ['end', 'close', 'error']) process.stdin.once(event, () => resolve());
  });
}
