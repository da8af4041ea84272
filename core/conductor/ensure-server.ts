import type { Config } from '../config.ts';
import { FleetError } from '../errors.ts';
import { createConductor } from './api.ts';
import { createCaller } from './connection/caller.ts';
import { type DataFolder, dataFolder } from './embedded/data-folder.ts';
import { type Ensured, endEmbedded, ensureEmbedded, findRunning } from './embedded/ensure-embedded.ts';
import { release } from './embedded/install/release.ts';
import { type LogEnd, lastLines } from './embedded/log-file.ts';
import type { Progress } from './embedded/progress.ts';
import { answers, isAlive } from './embedded/server-instance.ts';
import { readRecord, urlOf } from './embedded/server-record.ts';
import { isReady } from './embedded/wait-until-ready.ts';
import { wakeOpenJoins } from './embedded/wake-open-joins.ts';

/** A Conductor server that answers. */
export interface RunningServer {
  /** Address of its API; ends in `/api`. */
  url: string;
  kind: 'external' | 'jar' | 'docker';
  pid?: number;
  /** True if this process started the server, or took it over from a process that died. `stop()` then ends the server. */
  owned: boolean;
  /** True if the server was already running. */
  reused: boolean;
  /** Address at which the server calls the scripted model. A reused server keeps the address that it had at its start. */
  llmBaseUrl?: string;
  /** Ends the server if this process owns it, else does nothing. Its data stays. */
  stop(): Promise<void>;
}

export interface EnsureServerOptions {
  /** Called with each line of progress. */
  note(line: string): void;
  /** Abort it to stop a start in an orderly way. */
  signal?: AbortSignal;
  /** True: delete the data of the folder before the start. */
  fresh?: boolean;
  /** True: the server keeps running after this process ends. */
  detached?: boolean;
  /** OpenAI-compatible address that the server uses for its provider `litellm`. */
  llmBaseUrl?: string;
}

/** What is known about the server without starting one. */
export interface ServerStatus {
  kind: RunningServer['kind'] | 'none';
  /** True if it answers as a Conductor server. */
  ready: boolean;
  url?: string;
  pid?: number;
  startedAt?: string;
  /** Id of the process that owns the server. When that process ends, it also ends the server. */
  ownerPid?: number;
  llmBaseUrl?: string;
  dataDir: string;
  logFile: string;
}

const never = new AbortController().signal;

/**
 * Returns the Conductor server to use: the configured server, else the server of the data folder. It starts the latter if it does not run.
 * @throws FleetError with a remedy, for example about a missing Java, a wrong checksum, a taken port or an unusable folder
 */
export async function ensureServer(config: Config, options: EnsureServerOptions): Promise<RunningServer> {
  const { note, signal = never, fresh = false, detached = false, llmBaseUrl } = options;
  if (config.conductorServerUrl !== undefined && fresh) {
    throw new FleetError(
      'config',
      `--fresh would delete the data of ${config.conductorServerUrl}, which is not an embedded server.`,
      {
        remedy: 'Leave --fresh out, or unset CONDUCTOR_SERVER_URL to use the embedded server.',
      },
    );
  }
  if (config.conductorServerUrl !== undefined) return useExternal(config, config.conductorServerUrl, signal);
  const ensured = await ensureEmbedded(config, { progress: { note, signal }, fresh, detached, llmBaseUrl });
  const server = runningServer(dataFolder(config.dataDir), ensured);
  if (ensured.reused) await noteOtherVersion(config, server.url, { note, signal });
  else await wakeOpenJoins({ ...config, conductorServerUrl: server.url }, note);
  return server;
}

/** Returns the address of the server to use, or undefined if there is none. It neither starts a server nor waits for one. */
export async function findServer(config: Config): Promise<string | undefined> {
  if (config.conductorServerUrl !== undefined) return config.conductorServerUrl;
  const record = readRecord(dataFolder(config.dataDir).record);
  return typeof record === 'object' && (await isAlive(record)) ? urlOf(record) : undefined;
}

/** Returns the state of the server that `ensureServer` would use. */
export async function serverStatus(config: Config): Promise<ServerStatus> {
  const folder = dataFolder(config.dataDir);
  const place = { dataDir: folder.path, logFile: folder.log };
  const external = config.conductorServerUrl;
  if (external !== undefined) return { kind: 'external', ready: await isReady(external), url: external, ...place };
  const running = await findRunning(folder);
  if (!running) return { kind: 'none', ready: false, ...place };
  const { kind, pid, startedAt, owner, llmBaseUrl } = running;
  return {
    kind,
    ready: await answers(running),
    url: urlOf(running),
    ...(pid !== undefined && { pid }),
    startedAt,
    ...(owner && { ownerPid: owner.pid }),
    ...(llmBaseUrl !== undefined && { llmBaseUrl }),
    ...place,
  };
}

/** Ends the server of the data folder, even if another process started it. Returns true if a server ran. */
export async function stopServer(
  config: Config,
  { note, signal = never }: Pick<EnsureServerOptions, 'note' | 'signal'> = { note: () => undefined },
): Promise<boolean> {
  const folder = dataFolder(config.dataDir);
  if (readRecord(folder.record) === 'none' && !(await findRunning(folder))) return false;
  return (await endEmbedded(folder, { note, signal }, () => true)) !== undefined;
}

/** The end of the embedded server's log. No lines if the server never ran. */
export function readServerLog(config: Config, { most }: { most: number }): Promise<LogEnd> {
  return lastLines(dataFolder(config.dataDir).log, most);
}

async function useExternal(config: Config, url: string, signal: AbortSignal): Promise<RunningServer> {
  await versionOf(config, url, signal);
  return { url, kind: 'external', owned: false, reused: true, stop: async () => undefined };
}

async function versionOf(config: Config, url: string, signal: AbortSignal): Promise<string> {
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: url }));
  try {
    return await conductor.version(signal);
  } finally {
    conductor.close();
  }
}

/**
 * Says so if the server that was found running has another version than a start would give. It runs on, because other processes may use
 * it. With a checksum of the user's own, the version of the jar is not known.
 */
async function noteOtherVersion(config: Config, url: string, { note, signal }: Progress): Promise<void> {
  if (config.conductorJarSha256 !== undefined) return;
  const version = await versionOf(config, url, signal);
  const order = version.localeCompare(release.version, 'en', { numeric: true });
  if (order === 0) return;
  const remedy =
    order < 0
      ? `To change to ${release.version}: fleet server stop, then repeat this command. The data stays.`
      : 'Update conductor-fleet here: an older server may not be able to read the data of a newer one.';
  note(`Conductor ${version} already runs; this program brings ${release.version}. ${remedy}`);
}

function runningServer(folder: DataFolder, { record, owned, reused }: Ensured): RunningServer {
  const progress = { note: () => undefined, signal: never };
  return {
    url: urlOf(record),
    kind: record.kind,
    ...(record.pid !== undefined && { pid: record.pid }),
    owned,
    reused,
    ...(record.llmBaseUrl !== undefined && { llmBaseUrl: record.llmBaseUrl }),
    async stop() {
      if (!owned) return;
      const isOurs = ({ instance, owner }: typeof record) => instance === record.instance && owner?.pid === process.pid;
      await endEmbedded(folder, progress, isOurs);
    },
  };
}
