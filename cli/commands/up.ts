import { readdir } from 'node:fs/promises';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/caller.ts';
import { ensureServer } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { aborted, Cleanups, endsWithin } from '../../core/drain.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { modelProvider } from '../../core/model-provider.ts';
import { settings } from '../../core/settings/settings.ts';
import { demonstrate } from '../../examples/demonstration/demonstrate.ts';
import { llmBaseUrl, openShop } from '../../examples/demonstration/open-shop.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import { type HttpEndpoint, startHttp } from '../../mcp/transports/http.ts';
import { register } from '../../workflows/manage/apply.ts';
import { isDue, labelOf } from '../../workflows/manage/change.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { packageFolder } from '../installation.ts';
import { loadContent, workflowSettings } from '../load-content.ts';
import { connectionHelp } from '../mcp-clients/connection-help.ts';
import { buildMcp, type McpOptions } from '../mcp-front.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-processes/start-worker-process.ts';

/** Ports tried after the default one; a port that was asked for is not replaced. */
const MORE_MCP_PORTS = 20;

/** How long the demonstration may take to end once it is given up. */
const GIVE_UP_MS = 5_000;

export default defineCommand({
  groups: ['conductor', 'server', 'workers', 'mcp', 'content'],
  configure(command) {
    command
      .option('--once', 'end after the demonstration: exit code 0 if all went as it should, else 1')
      .option('--fresh', 'start the embedded server without its earlier data');
  },
  async run(context) {
    const cleanups = new Cleanups();
    try {
      const outside = await openOutside(context, cleanups);
      const conductor = connect(outside, context, cleanups);
      await registerAll(conductor, outside.config, context);
      const inside = await startProcesses(conductor, outside, context, cleanups);
      await showIt(conductor, { ...outside, ...inside }, context);
    } finally {
      const failures = await cleanups.run();
      for (const [what, error] of failures) context.note(`could not stop ${what}: ${messageOf(error)}`);
    }
  },
});

/** What the workflows run on and call, and the settings that follow from it. */
interface Outside {
  config: Config;
  serverUrl: string;
  /** Of a file below the files root, if there is one. */
  file: string | undefined;
}

interface Inside {
  worker: WorkerProcess;
  front: HttpEndpoint;
}

async function openOutside(
  { config: given, options, log, signal, note }: CommandContext,
  cleanups: Cleanups,
): Promise<Outside> {
  const { filesRoot, file } = await fileToShow(given.filesRoot);
  const shop = await openShop(given, log);
  cleanups.add('the shop', () => shop.close());
  goOn(signal);
  const config: Config = { ...given, shopUrl: shop.url, filesRoot };
  const fresh = options.fresh === true;
  const server = await ensureServer(config, { note, signal, fresh, llmBaseUrl: llmBaseUrl(shop.url) });
  cleanups.add('the server', () => server.stop());
  note(`server:  ${server.url}${server.reused ? ' (ran already)' : ''}`);
  note(`shop:    ${shop.url}`);
  if (filesRoot !== given.filesRoot) note(`files:   ${filesRoot} (there is no README.md here; --files-root chooses)`);
  const { name, model } = modelProvider(config);
  const scripted = ' (scripted answers; set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST for a real one)';
  note(`model:   ${model}${name === 'scripted' ? scripted : ''}`);
  return { config, serverUrl: server.url, file };
}

function connect({ config, serverUrl }: Outside, { signal }: CommandContext, cleanups: Cleanups): Conductor {
  goOn(signal);
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: serverUrl }));
  cleanups.add('the connection', () => conductor.close());
  return conductor;
}

async function registerAll(conductor: Conductor, config: Config, { signal, note }: CommandContext): Promise<void> {
  const content = await loadContent(config);
  const options = { fleet: config.fleetName, note, signal };
  const changes = await register(conductor, content, workflowSettings(config), options);
  for (const change of changes) if (change.notice) note(`${labelOf(change)}: ${change.notice}`);
  const written = changes.filter(isDue).length;
  note(`registered ${content.workflows.length} workflows and their tasks (${written} new or changed)`);
}

async function startProcesses(
  conductor: Conductor,
  { config, serverUrl }: Outside,
  { log, signal, note }: CommandContext,
  cleanups: Cleanups,
): Promise<Inside> {
  goOn(signal);
  const worker = startWorkerProcess(config, serverUrl, config.shopUrl);
  cleanups.add('the worker process', () => worker.stop());
  note(`worker:  process ${worker.pid}, log in ${worker.logFile}`);
  const leases = new Leases({ conductor: async () => conductor, log });
  cleanups.add('the claims of agents', () => leases.close({ giveBack: true }));
  const front = await startFront({ config, log, conductor: async () => conductor, leases, signal });
  cleanups.add('the MCP server', () => front.close());
  note(`MCP:     ${front.url}`);
  goOn(signal);
  return { worker, front };
}

async function showIt(
  conductor: Conductor,
  { config, serverUrl, file, worker, front }: Outside & Inside,
  { options, signal, print, note, exitWith }: CommandContext,
): Promise<void> {
  const about = { conductor, shopUrl: config.shopUrl, file, print, note };
  const ok = await whileServed(worker, signal, (either) => demonstrate({ ...about, signal: either }));
  if (!ok) exitWith(1);
  if (options.once) return;
  print('');
  print(connectionHelp({ mcpUrl: front.url, serverUrl }));
  note('Everything stays up; Ctrl-C stops it in order.');
  await whileServed(worker, signal, aborted);
  note('stopping');
}

/** Does `work`, and gives it up when the worker process that should serve it dies. */
async function whileServed<T>(
  worker: WorkerProcess,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const working = work(AbortSignal.any([signal, over.signal]));
  try {
    return await Promise.race([working, lossOf(worker, signal)]);
  } finally {
    over.abort(new FleetError('cancelled', 'Given up.'));
    await endsWithin(GIVE_UP_MS, Promise.allSettled([working])); // it takes back what it ordered at the shop
  }
}

/** Never resolves; rejects when the process has ended and nobody asked for a stop. */
async function lossOf({ ended, logFile }: WorkerProcess, signal: AbortSignal): Promise<never> {
  const why = await ended;
  if (signal.aborted) return new Promise<never>(() => undefined);
  throw new FleetError('environment', `The worker process ${why}.`, { remedy: `Its log says why: ${logFile}` });
}

/** Between two phases: nothing new begins once a stop was asked for. */
function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new FleetError('cancelled', 'Stopped before everything was up.', { cause: signal.reason });
}

async function startFront({ config, log, conductor, leases, signal }: McpOptions): Promise<HttpEndpoint> {
  const served = await buildMcp({ config, log, conductor, leases, signal });
  const isDefault = config.mcpPort === settings.mcpPort.schema.parse(undefined);
  const last = config.mcpPort + (isDefault ? MORE_MCP_PORTS : 0);
  for (let mcpPort = config.mcpPort; ; mcpPort++) {
    try {
      return await startHttp({ ...served, config: { ...config, mcpPort }, conductor, log });
    } catch (error) {
      if (mcpPort === last || !(error instanceof FleetError) || error.code !== 'environment') throw error;
    }
  }
}

/**
 * A README to compress, or else the first file there is. Only where nobody chose a folder, and ours has no README, is it the folder of
 * this package: the files root is a limit that somebody may rely on.
 */
async function fileToShow(given: string): Promise<{ filesRoot: string; file: string | undefined }> {
  const files = await regularFiles(given);
  const isDefault = given === settings.filesRoot.schema.parse(undefined);
  if (files.includes('README.md')) return { filesRoot: given, file: 'README.md' };
  if (!isDefault) return { filesRoot: given, file: files[0] };
  return { filesRoot: packageFolder, file: 'README.md' };
}

/** Sorted, and without the hidden ones, which are not for showing. */
async function regularFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    return files.map(({ name }) => name).sort();
  } catch (cause) {
    throw new FleetError('config', `Cannot read the files root ${folder}: ${messageOf(cause)}`, {
      remedy: 'Name a folder that can be read in --files-root or FILES_ROOT.',
      cause,
    });
  }
}
