import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cleanups } from '../../../../core/cleanups.ts';
import { ensureServer } from '../../../../core/conductor/ensure-server.ts';
import { loadConfig } from '../../../../core/config.ts';
import { freePort } from '../../../support/free-port.ts';
import { note } from '../../support/output.ts';

export interface BenchServer {
  url: string;
  /** Process id of the server, if this bench started it. */
  pid: number | undefined;
}

/**
 * Returns the server of CONDUCTOR_SERVER_URL. If it is not set, starts an embedded server in an empty folder and stops it at the
 * end of the bench.
 */
export async function openServer(cleanups: Cleanups, signal: AbortSignal): Promise<BenchServer> {
  const { config } = loadConfig();
  if (config.conductorServerUrl !== undefined) {
    const { url } = await ensureServer(config, { note, signal });
    return { url, pid: undefined };
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'fleet-bench-server-'));
  cleanups.add('remove the data folder', () => rmSync(dataDir, { recursive: true, force: true }));
  const server = await ensureServer({ ...config, dataDir, serverPort: await freePort() }, { note, signal });
  cleanups.add('stop the server', () => server.stop());
  return { url: server.url, pid: server.pid };
}
