import { createServer } from 'node:net';
import type { Config } from '../core/config.ts';
import { FleetError } from '../core/errors.ts';
import { settings } from '../core/settings/settings.ts';
import { checkCallersAreKnown } from '../mcp/auth/oauth.ts';
import { type Content, definitionsOf } from '../workflows/manage/content-definitions.ts';
import { loadContent, workflowSettings } from './load-content.ts';
import { loadTools } from './load-mcp-content.ts';

/** The port of the MCP server if the user chose none. If it is taken, `fleet up` uses the next free port. */
export const DEFAULT_MCP_PORT = settings.mcpPort.schema.parse(undefined);

/**
 * Finds what would make `fleet up` fail after the start of the server, which takes half a minute: definitions that cannot be loaded, an
 * unknown MCP tool, a chosen port that is taken, and an MCP server that everyone could use. Returns the loaded content.
 */
export async function checkStart(config: Config): Promise<Required<Content>> {
  checkCallersAreKnown(config);
  const content = await loadContent(config);
  definitionsOf(content, workflowSettings(config));
  await loadTools(config);
  for (const chosen of chosenPorts(config)) await refuseTaken(chosen);
  return content;
}

interface ChosenPort {
  host: string;
  port: number | undefined;
  flag: string;
}

function chosenPorts({
  mcpHost,
  mcpPort,
  workerHealthHost,
  workerHealthPort,
  workerControlPort,
}: Config): ChosenPort[] {
  return [
    { host: mcpHost, port: mcpPort === DEFAULT_MCP_PORT ? undefined : mcpPort, flag: '--port' },
    { host: workerHealthHost, port: workerHealthPort, flag: '--health-port' },
    { host: '127.0.0.1', port: workerControlPort, flag: '--control-port' },
  ];
}

async function refuseTaken({ host, port = 0, flag }: ChosenPort): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen({ host, port }, () => server.close(() => resolve()));
  try {
    await promise;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException; // every error of `listen` has a code
    const why = code === 'EADDRINUSE' ? 'another program listens there' : message;
    throw new FleetError('environment', `Cannot listen on ${host}:${port}: ${why}.`, {
      remedy: `Choose another port with ${flag}, or stop the program that uses this port.`,
      cause,
    });
  }
}
