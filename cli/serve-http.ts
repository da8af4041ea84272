import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import { FleetError } from '../core/errors.ts';
import { lazy } from '../core/lazy.ts';
import type { Logger } from '../core/log.ts';
import type { BuiltFront } from '../mcp/front/build-front.ts';
import { type HttpEndpoint, startHttp } from '../mcp/transports/http.ts';
import type { Site } from '../mcp/transports/server/site.ts';
import { DEFAULT_MCP_PORT } from './check-start.ts';

/** How many ports are tried after the default port. No other port is tried if the user chose one. */
const MORE_PORTS = 20;

export interface ServeOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly conductor: () => Promise<Conductor>;
  readonly front: BuiltFront;
  /** False to serve only the console. Default true. */
  readonly servesMcp?: boolean;
  /** True to try the next ports if the default port is taken. */
  readonly mayMove?: boolean;
}

/** Serves MCP over HTTP, and the console unless a setting switches it off. */
export async function serveHttp({ front, mayMove = false, ...options }: ServeOptions): Promise<HttpEndpoint> {
  const { config, log } = options;
  const { inside, ...served } = front;
  const site = config.mcpConsole ? consoleSite({ inside, log }) : undefined;
  const last = config.mcpPort + (mayMove && config.mcpPort === DEFAULT_MCP_PORT ? MORE_PORTS : 0);
  for (let mcpPort = config.mcpPort; ; mcpPort++) {
    try {
      return await startHttp({ ...served, ...options, config: { ...config, mcpPort }, ...(site && { site }) });
    } catch (error) {
      if (mcpPort === last || !(error instanceof FleetError) || error.code !== 'environment') throw error;
    }
  }
}

/** The console. It is loaded at the first request that is not for MCP. */
function consoleSite(options: { inside: BuiltFront['inside']; log: Logger }): Site {
  let site: Site | undefined;
  const load = lazy(async () => {
    const { createConsole } = await import('../console/server/console.ts');
    site = createConsole(options);
    return site;
  });
  return {
    answer: async (visit) => (await load()).answer(visit),
    close: () => site?.close(),
  };
}
