import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Config, Environment } from '../../config.ts';
import { FleetError } from '../../errors.ts';
import type { DataFolder } from './data-folder.ts';
import { release } from './install/release.ts';
import type { Progress } from './progress.ts';
import { lastWords, runProgram } from './run-program.ts';
import { INSTANCE_PROPERTY, providerEnvironment, serverProperties } from './server-properties.ts';

const LOOK_TIMEOUT_MS = 15_000;
const STOP_GRACE_SECONDS = 20;
const END_TIMEOUT_MS = 60_000;
const PORT_IN_CONTAINER = 8080;
const FOLDER_IN_CONTAINER = '/fleet';

/** The name of the container for this start of the server. */
export const containerName = (instance: string) => `conductor-fleet-${instance}`;

/** True if a Docker engine answers and has the server's image, or can pull it. */
export async function hasDockerImage({ note, signal }: Progress): Promise<boolean> {
  const engine = await docker(['version', '--format', '{{.Server.Version}}'], { signal, timeoutMs: LOOK_TIMEOUT_MS });
  if (engine.code !== 0) {
    note('No Docker engine answers.');
    return false;
  }
  if ((await docker(['image', 'inspect', release.image], { signal })).code === 0) return true;
  note(`Pulling the Docker image ${release.image} …`);
  const pull = await docker(['pull', '--quiet', release.image], { signal });
  if (pull.code !== 0) note(`Docker could not pull the image: ${lastWords(pull, 1)}`);
  return pull.code === 0;
}

export interface ContainerOptions {
  config: Config;
  environment: Environment;
  folder: DataFolder;
  instance: string;
  port: number;
  llmBaseUrl?: string | undefined;
}

/**
 * Starts the server's container and publishes its port on the loopback address only. The database and the log are in the data folder.
 * @throws FleetError `environment` with the last lines that Docker printed
 */
export async function startContainer(options: ContainerOptions): Promise<void> {
  const { config, environment, folder, instance } = options;
  const providers = providerEnvironment(config, environment);
  const started = await docker(containerArguments(options, Object.keys(providers)), {
    env: { ...environment, ...providers, SPRING_APPLICATION_JSON: springJson(options) },
  });
  if (started.code !== 0) {
    await endContainer(instance);
    throw new FleetError('environment', `Docker could not start ${release.image}:\n${lastWords(started)}`, {
      remedy: 'See `docker logs` and `docker info`, or install Java 21 so that no container is needed.',
    });
  }
  writeLogTo(folder.log, instance);
}

/**
 * The arguments hold only the names of variables, because every user of the machine can read the arguments of a process. Docker takes the
 * values from the environment.
 */
export function containerArguments(
  { config, folder, instance, port }: ContainerOptions,
  variables: string[],
): string[] {
  const user =
    process.platform === 'linux' && process.getuid ? [`--user=${process.getuid()}:${process.getgid?.()}`] : [];
  return [
    'run',
    '--detach',
    `--name=${containerName(instance)}`,
    `--label=fleet.folder=${folder.path}`,
    `--publish=127.0.0.1:${port}:${PORT_IN_CONTAINER}`,
    `--mount=type=bind,source=${folder.path},target=${FOLDER_IN_CONTAINER}`,
    '--add-host=host.docker.internal:host-gateway',
    ...user, // so that this user may read and delete the container's files
    `--env=JAVA_OPTS=-Xmx${config.serverMemory} -D${INSTANCE_PROPERTY}=${instance}`,
    ...['SPRING_APPLICATION_JSON', ...variables].map((name) => `--env=${name}`),
    release.image,
  ];
}

/** The address at which a container reaches a service of this machine. */
export function fromInsideContainer(url: string): string {
  const address = new URL(url);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(address.hostname)) address.hostname = 'host.docker.internal';
  return address.href;
}

/** @throws FleetError `environment` if Docker does not answer, because a wrong `false` would start a second server on the same data */
export async function isContainerRunning(instance: string): Promise<boolean> {
  const inspect = ['container', 'inspect', '--format', '{{.State.Running}}', containerName(instance)];
  const looked = await docker(inspect, { timeoutMs: LOOK_TIMEOUT_MS });
  if (looked.code === 0) return looked.stdout.trim() === 'true';
  if (/no such container/i.test(looked.stderr)) return false;
  throw dockerError(`Docker does not say whether the server's container ${containerName(instance)} runs`, looked);
}

/** Ends and removes the container. Its data stays in the folder. @throws FleetError `environment` if the container still runs */
export async function endContainer(instance: string): Promise<void> {
  await docker(['stop', `--time=${STOP_GRACE_SECONDS}`, containerName(instance)], { timeoutMs: END_TIMEOUT_MS });
  const removed = await docker(['rm', '--force', containerName(instance)], { timeoutMs: END_TIMEOUT_MS });
  if (removed.code !== 0 && (await isContainerRunning(instance))) {
    throw dockerError(`Docker could not end the container ${containerName(instance)}`, removed);
  }
}

function dockerError(what: string, said: Parameters<typeof lastWords>[0]): FleetError {
  return new FleetError('environment', `${what}: ${lastWords(said, 1)}`, {
    remedy: 'Check that the Docker engine answers (`docker info`), then repeat the command.',
  });
}

/** Removes containers of this folder that an unrecorded start left behind. */
export async function removeLeftContainers({ path }: DataFolder): Promise<void> {
  const left = await docker(['ps', '--all', '--quiet', `--filter=label=fleet.folder=${path}`]);
  const ids = left.stdout.split('\n').filter(Boolean);
  if (ids.length > 0) await docker(['rm', '--force', ...ids]);
}

function springJson({ config, llmBaseUrl }: ContainerOptions): string {
  return JSON.stringify(
    serverProperties({
      database: `${FOLDER_IN_CONTAINER}/conductor.db`,
      secrets: config.serverSecrets,
      synchronous: config.serverSynchronous,
      llmBaseUrl: llmBaseUrl && fromInsideContainer(llmBaseUrl),
    }),
  );
}

/** Starts a Docker client that copies the container's output into the log until the container ends. */
function writeLogTo(log: string, instance: string): void {
  const file = openSync(log, 'a', 0o600);
  spawn('docker', ['logs', '--follow', containerName(instance)], { detached: true, stdio: ['ignore', file, file] })
    .on('error', () => undefined)
    .unref();
  closeSync(file);
}

function docker(args: string[], options: { signal?: AbortSignal; timeoutMs?: number; env?: Environment } = {}) {
  return runProgram('docker', args, options);
}
