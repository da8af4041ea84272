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
    /** The demonstration shop, under an address that the tests and the server reach. */
    shopUrl: string;
    /** The server's provider `litellm` is the shop's scripted model. */
    scriptedLlm: boolean;
  }
}

const note = (line: string) => void process.stderr.write(`[e2e server] ${line}\n`);

/**
 * One real Conductor server and one shop for the whole run: the server of CONDUCTOR_SERVER_URL, or with
 * FLEET_TEST_SERVER=docker a container, or else the boot jar in a folder of its own.
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
 * Runs one script of each kind. The first one loads its language, which takes seconds alone, and over half a minute, longer than a client
 * waits, when the first tests of a run want it at the same time.
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
    if (status !== 'COMPLETED') note(`its first scripts ended as ${status}`);
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

/** Its clean-up container needs an image of its own; a killed run therefore leaves the server's container behind. */
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

/** This machine's address in the network of the containers, so that the server reaches the shop. Node lists it only while one runs. */
async function dockerBridge(): Promise<string> {
  const address = '{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}';
  const { stdout } = await promisify(execFile)('docker', ['network', 'inspect', 'bridge', '--format', address]);
  return stdout.trim().replace(/\.0\/\d+$/, '.1'); // not every engine names the gateway; it is the first address
}
