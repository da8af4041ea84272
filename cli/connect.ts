import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import { FleetError } from '../core/errors.ts';

/** How long a found embedded server is believed to be where it was. */
const FOUND_FOR_MS = 5000;

/**
 * The API of the Conductor server to use: the configured one, else the embedded one of this data folder. It makes no call yet.
 * @throws FleetError `upstream` if there is neither
 */
export async function connectConductor(config: Config): Promise<Conductor> {
  const conductorServerUrl = config.conductorServerUrl ?? (await findEmbedded(config));
  if (conductorServerUrl === undefined) {
    throw new FleetError('upstream', 'No Conductor server is configured and none runs here.', {
      remedy: 'Start one with `fleet up` or `fleet server start`, or set CONDUCTOR_SERVER_URL to one that runs.',
    });
  }
  // Loaded at the first use: an MCP client waits for a process that has not been asked for anything yet.
  const [{ createConductor }, { createCaller }] = await Promise.all([
    import('../core/conductor/api.ts'),
    import('../core/conductor/caller.ts'),
  ]);
  return createConductor(createCaller({ ...config, conductorServerUrl }));
}

/** Works with the server to use and closes the connection afterwards: the refresh of a token would keep the process alive. */
export async function withConductor<T>(config: Config, work: (conductor: Conductor) => Promise<T>): Promise<T> {
  const conductor = await connectConductor(config);
  try {
    return await work(conductor);
  } finally {
    conductor.close();
  }
}

/** A connection for processes that outlive the server: it follows an embedded server that is started later or on another port. */
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
