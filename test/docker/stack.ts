import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig, processEnvironment } from '../../core/config.ts';
import { freePort } from '../support/free-port.ts';

const root = join(import.meta.dirname, '../..');
const exec = promisify(execFile);

/** The parts of `docker inspect` that the tests read. */
const containerSchema = z.object({
  Id: z.string(),
  State: z.object({ Status: z.string(), ExitCode: z.int(), Health: z.object({ Status: z.string() }).optional() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()) }),
  HostConfig: z.object({
    ReadonlyRootfs: z.boolean(),
    CapDrop: z.array(z.string()).nullable(),
    SecurityOpt: z.array(z.string()).nullable(),
  }),
  NetworkSettings: z.object({ Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string() })).nullable()) }),
});
export type Container = z.output<typeof containerSchema> & { service: string };

/** A running stack of `docker-compose.yml`, with its own project name and ports. */
export interface Stack {
  readonly mcpUrl: string;
  readonly shopUrl: string;
  readonly conductor: Conductor;
  /** Runs `docker compose …` and returns its stdout. @throws Error with its stderr */
  compose(...args: string[]): Promise<string>;
  /** Returns the containers of one service or of all services, including containers that have exited. */
  containers(service?: string): Promise<Container[]>;
  /** Returns the user id of each process in a container. */
  userIds(container: Container): Promise<string[]>;
  /** Removes the containers, networks and volumes of this stack. */
  down(): Promise<void>;
}

/**
 * Builds the image, starts every service, and waits until all are healthy. `FLEET_TEST_PROJECT` sets the stack's name.
 * With a known name, the containers of a killed test run can be removed.
 */
export async function startStack(): Promise<Stack> {
  const project = processEnvironment().FLEET_TEST_PROJECT ?? `fleet-test-${randomUUID().slice(0, 8)}`;
  const [mcpPort, conductorPort, shopPort] = [await freePort(), await freePort(), await freePort()];
  const ports = { MCP_PORT: `${mcpPort}`, CONDUCTOR_PORT: `${conductorPort}`, SHOP_PORT: `${shopPort}` };
  const docker = await dockerIn(root, { ...ports, FLEET_IMAGE: 'conductor-fleet:test' });
  const compose = (...args: string[]) => docker(['compose', '--project-name', project, ...args]);
  const { config } = loadConfig({ env: {} });
  const conductorServerUrl = `http://127.0.0.1:${conductorPort}/api`;

  const stack: Stack = {
    mcpUrl: `http://127.0.0.1:${mcpPort}/mcp`,
    shopUrl: `http://127.0.0.1:${shopPort}`,
    conductor: createConductor(createCaller({ ...config, conductorServerUrl })),
    compose,
    async containers(service) {
      const ids = (await compose('ps', '--all', '--quiet', ...(service ? [service] : []))).split('\n').filter(Boolean);
      const found = z.array(containerSchema).parse(JSON.parse(await docker(['inspect', ...ids])));
      return found.map((one) => ({ ...one, service: one.Config.Labels['com.docker.compose.service'] ?? '' }));
    },
    async userIds({ Id }) {
      const [, ...rows] = (await docker(['top', Id, '-eo', 'uid,pid'])).trim().split('\n');
      return rows.map((row) => row.trim().split(/\s+/)[0] ?? '');
    },
    async down() {
      stack.conductor.close();
      await compose('down', '--volumes', '--remove-orphans', '--timeout', '5');
    },
  };
  try {
    await compose('build', 'register'); // only one service: four share the image, and the classic builder would build it for each
    await compose('up', '--detach', '--wait', '--wait-timeout', '400', '--build');
  } catch (error) {
    const state = await compose('ps', '--all').catch(() => '');
    const logs = await compose('logs', '--no-color', '--tail', '40').catch(() => '');
    await stack.down().catch(() => undefined);
    throw new Error(`The stack did not start. Its containers and their last log lines:\n${state}\n${logs}`, {
      cause: error,
    });
  }
  return stack;
}

/** Repeats a check until it returns a value, and returns that value. */
export async function eventually<T>(check: () => Promise<T | undefined>, timeoutMs = 60_000): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms`);
    await pause(200);
  }
}

/** Contains only the variables that Docker's client needs, because no other setting may change a test. */
function composeEnvironment(): Record<string, string | undefined> {
  const { PATH, HOME, XDG_RUNTIME_DIR, DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG } = processEnvironment();
  const { DOCKER_BUILDKIT, COMPOSE_BAKE } = processEnvironment();
  return { PATH, HOME, XDG_RUNTIME_DIR, DOCKER_HOST, DOCKER_CONTEXT, DOCKER_CONFIG, DOCKER_BUILDKIT, COMPOSE_BAKE };
}

/** Selects Docker's classic builder if the buildx plugin is not installed. */
async function builder(): Promise<Record<string, string>> {
  const hasBuildx = await exec('docker', ['buildx', 'version']).then(
    () => true,
    () => false,
  );
  return hasBuildx ? {} : { DOCKER_BUILDKIT: '0', COMPOSE_BAKE: 'false' };
}

/** Returns a function that runs `docker …` in a folder and returns its stdout. */
export async function dockerIn(cwd: string, settings: Record<string, string>) {
  const env = { ...composeEnvironment(), ...(await builder()), ...settings };
  return async (args: string[]): Promise<string> => {
    try {
      const { stdout } = await exec('docker', args, { cwd, env, maxBuffer: 64 * 1024 * 1024 });
      return stdout;
    } catch (cause) {
      const { stderr = '' } = cause as { stderr?: string };
      throw new Error(`docker ${args.join(' ')} failed:\n${stderr.slice(-4000)}`, { cause });
    }
  };
}
