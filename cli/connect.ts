import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import { FleetError } from '../core/errors.ts';

/** How long the address of an embedded server is used before the next look-up. The server may restart on another port. */
const FOUND_FOR_MS = 5000;

/**
 * Connects to the configured Conductor server, else to the embedded server of this data folder. Does not check whether the server answers.
 * @throws FleetError `upstream` if neither exists
 */
export async function connectConductor(config: Config): Promise<Conductor> {
  const conductorServerUrl = config.conductorServerUrl ?? (await findEmbedded(config));
  if (conductorServerUrl === undefined) {
    throw new FleetError('upstream', 'No Conductor server is configured, and no embedded server runs here.', {
      remedy: 'Start one: fleet server start. Or set CONDUCTOR_SERVER_URL to the address of a running server.',
    });
  }
  // Loaded at the first use, so that `fleet mcp` answers its first request sooner.
  const [{ createConductor }, { createCaller }] = await Promise.all([
    import('../core/conductor/api.ts'),
    import('../core/conductor/connection/caller.ts'),
  ]);
  return createConductor(createCaller({ ...config, conductorServerUrl }));
}

/** Runs `work` with a connection and then closes the connection, because the refresh of its token would keep the process alive. */
export async function withConductor<T>(config: Config, work: (conductor: Conductor) => Promise<T>): Promise<T> {
  const conductor = await connectConductor(config);
  try {
    return await work(conductor);
  } finally {
    conductor.close();
  }
}

/** A connection for processes that outlive the server. It also finds an embedded server that starts later or on another port. */
export function stayConnected(config: Config): { conductor(): Promise<Conductor>; close(): void } {
  let current: Conductor | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  return {
    async conductor() {
      const now = performance.now();
      if (current && (config.conductorServerUrl !== undefined || now - checkedAt < FOUND_FOR_MS)) return current;
      const found = await connectConductor(config);
      checkedAt = now;
      if (current?.serverUrl === found.serverUrl) return current;
      current?.close();
      current = found;
      return found;
    },
    close: () => current?.close(),
  };
}

async function findEmbedded(config: Config): Promise<string | undefined> {
  const { findServer } = await import('../core/conductor/ensure-server.ts');
  return findServer(config);
}

/** A sentence that says whose tokens clients over HTTP need. Empty without OAuth. */
export function tokensNeeded({ mcpOauthIssuer }: Pick<Config, 'mcpOauthIssuer'>): string {
  return mcpOauthIssuer === undefined ? '' : ` Clients need a token of ${mcpOauthIssuer}.`;
}
