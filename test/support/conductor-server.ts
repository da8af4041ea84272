import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { Cleanups } from '../../core/cleanups.ts';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import { serverProperties } from '../../core/conductor/embedded/server-properties.ts';
import { ensureServer } from '../../core/conductor/ensure-server.ts';
import type { WorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import { type Config, loadConfig, processEnvironment } from '../../core/config.ts';
import { messageOf } from '../../core/errors.ts';
import { startShop } from '../../examples/shop/start-shop.ts';
import { freePort } from './free-port.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Ends in `/api`. */
    conductorServerUrl: string;
    /** Address of the shop, which the tests and the server can reach. */
    shopUrl: string;
    /** True if the server's model provider `litellm` is the shop's scripted model. */
    scriptedLlm: boolean;
  }
}

const note = (line: string) => void process.stderr.write(`[e2e server] ${line}\n`);

/**
 * Starts one real Conductor server and one shop for the whole run. By default the server is the boot jar with a new data
 * folder. FLEET_TEST_SERVER=docker starts a container instead. CONDUCTOR_SERVER_URL names a server that already runs.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const environment = processEnvironment();
  const { config } = loadConfig();
  const inDocker = environment.FLEET_TEST_SERVER === 'docker' && config.conductorServerUrl === undefined;
  const cleanups = new Cleanups();
  const teardown = async () => {
    for (const [what, error] of await cleanups.run()) note(`${what}: ${messageOf(error)}`);
  };
  try {
    const shop = await startShop({ host: inDocker ? await dockerBridge() : '127.0.0.1' });
    cleanups.add('stop the shop', () => shop.close());
    const llmBaseUrl = `${shop.url}/llm`;
    const external = config.conductorServerUrl;
    const url =
      external ?? (inDocker ? await startInDocker(llmBaseUrl, cleanups) : await startJar(config, llmBaseUrl, cleanups));
    if (external) await ensureServer(config, { note });
    await runScripts(config, url);
    note(`tests use ${url}`);
    project.provide('conductorServerUrl', url);
    project.provide('shopUrl', shop.url);
    project.provide('scriptedLlm', external === undefined);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

const script = (type: string, inputParameters: Record<string, unknown>): WorkflowTask => ({
  name: type,
  taskReferenceName: type,
  type,
  inputParameters,
});

/**
 * Runs one script of each language before the tests, because the server loads a language for its first script. This takes
 * seconds, and more than half a minute if several tests need it at the same time. A client does not wait so long.
 */
async function runScripts(config: Config, url: string): Promise<void> {
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: url }));
  const name = 'e2e-first-scripts';
  const tasks = [
    script('INLINE', { evaluatorType: 'graaljs', expression: '1' }),
    script('JSON_JQ_TRANSFORM', { queryExpression: '.' }),
  ];
  const workflowDef: WorkflowDef = { name, version: 1, schemaVersion: 2, tasks };
  try {
    const id = await conductor.startWorkflow({ name, input: {}, workflowDef });
    const { status } = await conductor.waitForEnd(id);
    if (status !== 'COMPLETED') note(`the execution of the first scripts ended as ${status}`);
    await conductor.removeExecution(id);
  } finally {
    conductor.close();
  }
}

async function startJar(config: Config, llmBaseUrl: string, cleanups: Cleanups): Promise<string> {
  const dataDir = mkdtempSync(join(tmpdir(), 'fleet-e2e-'));
  cleanups.add('remove the data folder', () => rmSync(dataDir, { recursive: true, force: true }));
  const serverPort = await freePort();
  const server = await ensureServer({ ...config, dataDir, serverPort }, { note, llmBaseUrl });
  cleanups.add('stop the server', () => server.stop());
  return server.url;
}

/** Testcontainers' clean-up container is off, because it needs another image. So a killed run leaves its server container. */
async function startInDocker(llmBaseUrl: string, cleanups: Cleanups): Promise<string> {
  process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  const { GenericContainer, Wait } = await import('testcontainers');
  const properties = serverProperties({
    database: '/tmp/conductor.db',
    secrets: false,
    synchronous: 'normal',
    llmBaseUrl,
  });
  const container = await new GenericContainer(release.image)
    .withEnvironment({ SPRING_APPLICATION_JSON: JSON.stringify(properties) })
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forHttp('/api/version', 8080))
    .withStartupTimeout(180_000)
    .start();
  cleanups.add('stop the container', () => container.stop());
  return `http://${container.getHost()}:${container.getMappedPort(8080)}/api`;
}

/** Returns this machine's address in Docker's network. A server in a container reaches the shop at this address. */
async function dockerBridge(): Promise<string> {
  const address = '{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}';
  const { stdout } = await promisify(execFile)('docker', ['network', 'inspect', 'bridge', '--format', address]);
  return stdout.trim().replace(/\.0\/\d+$/, '.1'); // some engines do not name the gateway; it is always the first address
}
