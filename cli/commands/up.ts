import { readdir } from 'node:fs/promises';
import { Cleanups } from '../../core/cleanups.ts';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { ensureServer } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { aborted, endsWithin } from '../../core/pause.ts';
import { modelProvider } from '../../core/settings/model-provider.ts';
import { settings } from '../../core/settings/settings.ts';
import { count } from '../../core/text.ts';
import { demonstrate } from '../../examples/demonstration/demonstrate.ts';
import { llmBaseUrl, openShop } from '../../examples/demonstration/open-shop.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import type { HttpEndpoint } from '../../mcp/transports/http.ts';
import { register } from '../../workflows/manage/apply.ts';
import { isDue, labelOf } from '../../workflows/manage/change.ts';
import type { Content } from '../../workflows/manage/content-definitions.ts';
import { checkStart } from '../check-start.ts';
import { tokensNeeded } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { type FirstRun, firstRunOf, runFirst } from '../first-run.ts';
import { packageFolder } from '../installation.ts';
import { workflowSettings } from '../load-content.ts';
import { connectionHelp } from '../mcp-clients/connection-help.ts';
import { buildMcp, type McpOptions } from '../mcp-front.ts';
import { isProject, whatWasRead } from '../project.ts';
import { serveHttp } from '../serve-http.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-processes/start-worker-process.ts';

/** How long `up` waits for aborted work to end, for example for the demonstration. */
const GIVE_UP_MS = 5_000;

const HELP = `
Starts the Conductor server (unless --server-url names one), registers the definitions, starts a worker process and the MCP server over
HTTP, and prints how to connect an MCP client, and the address of the console. Ctrl-C stops everything. Outside of a project it also
opens the demonstration shop and runs three of the workflows that come with fleet.

Examples:
  fleet up                     start, demonstrate, keep running
  fleet up --once              start, demonstrate, stop: checks whether everything works on this machine
  fleet up --run HelloWorld --input '{"name":"Ada"}'     in a project: start, run this workflow, keep running`;

export default defineCommand({
  groups: ['conductor', 'server', 'workers', 'mcp', 'audit', 'content'],
  configure(command) {
    command
      .option('--once', 'Stop after the demonstration or the --run. Exit code 0 if it went as expected, else 1.')
      .option('--run <workflow>', 'Run this workflow once everything is up, instead of the demonstration.')
      .option('--input <json>', 'With --run: the input, as a JSON object, @file.json, or - for stdin (default: {}).')
      .option('--fresh', 'Delete the earlier data of the embedded server and start empty.')
      .addHelpText('after', HELP);
  },
  async run(context) {
    const first = firstRunOf(context);
    const cleanups = new Cleanups();
    try {
      const content = await checkStart(context.config);
      const services = await openServices(context, cleanups);
      const conductor = connect(services, context, cleanups);
      await registerAll(conductor, content, services.config, context);
      const processes = await startProcesses(conductor, services, content, context, cleanups);
      await showAndServe(conductor, { ...services, ...processes, first }, context);
    } finally {
      const failures = await cleanups.run();
      for (const [what, error] of failures) context.note(`Could not stop ${what}: ${messageOf(error)}.`);
    }
    context.note('Stopped.');
  },
});

/** The services that the workflows need, and the settings with which workflows and workers reach them. */
interface Services {
  config: Config;
  serverUrl: string;
  /** A file below the files root for the demonstration, if one exists. */
  file: string | undefined;
}

interface Processes {
  /** Absent if the project has no workers. */
  worker: WorkerProcess | undefined;
  front: HttpEndpoint;
}

async function openServices(
  { config: given, options, log, signal, note }: CommandContext,
  cleanups: Cleanups,
): Promise<Services> {
  const { filesRoot, file } = isProject(given)
    ? { filesRoot: given.filesRoot, file: undefined }
    : await fileToShow(given.filesRoot);
  const shop = isProject(given) ? undefined : await openShop(given, { log, note });
  if (shop) cleanups.add('the shop', () => shop.close());
  throwIfStopped(signal);
  const config: Config = { ...given, shopUrl: shop?.url ?? given.shopUrl, filesRoot };
  const fresh = options.fresh === true;
  const server = await ensureServer(config, { note, signal, fresh, llmBaseUrl: llmBaseUrl(config.shopUrl) });
  cleanups.add('the server', () => server.stop());
  note(`server:  ${server.url}${server.reused ? ' (already running)' : ''}`);
  if (shop) note(`shop:    ${shop.url}`);
  if (filesRoot !== given.filesRoot) {
    note(`files:   ${filesRoot} (the current folder has no README.md; choose another folder with --files-root)`);
  }
  const { name, model } = modelProvider(config);
  const scripted = ' (scripted answers; for a real model set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST)';
  if (shop || name !== 'scripted') note(`model:   ${model}${name === 'scripted' ? scripted : ''}`);
  return { config, serverUrl: server.url, file };
}

function connect({ config, serverUrl }: Services, { signal }: CommandContext, cleanups: Cleanups): Conductor {
  throwIfStopped(signal);
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: serverUrl }));
  cleanups.add('the connection', () => conductor.close());
  return conductor;
}

async function registerAll(
  conductor: Conductor,
  content: Required<Content>,
  config: Config,
  { signal, note }: CommandContext,
): Promise<void> {
  note(whatWasRead(config, { workflows: content.workflows, workers: content.tasks }));
  const options = { fleet: config.fleetName, note, signal };
  const changes = await register(conductor, content, workflowSettings(config), options);
  for (const change of changes) if (change.notice) note(`${labelOf(change)}: ${change.notice}`);
  const written = changes.filter(isDue).length;
  note(`Registered ${count(content.workflows.length, 'workflow')} and their tasks (${written} new or changed).`);
}

async function startProcesses(
  conductor: Conductor,
  { config, serverUrl }: Services,
  { tasks }: Content,
  { log, signal, note }: CommandContext,
  cleanups: Cleanups,
): Promise<Processes> {
  throwIfStopped(signal);
  const worker = tasks.length === 0 ? undefined : startWorkerProcess(config, serverUrl, config.shopUrl);
  if (worker) {
    cleanups.add('the worker process', () => worker.stop());
    note(`worker:  process ${worker.pid}, log in ${worker.logFile}`);
  }
  const leases = new Leases({ conductor: async () => conductor, log });
  cleanups.add('the claims of agents', () => leases.close({ giveBack: true }));
  const front = await startFront({ config, log, conductor: async () => conductor, leases, signal }, note);
  cleanups.add('the MCP server', () => front.close());
  note(`MCP:     ${front.url}${tokensNeeded(config)}`);
  throwIfStopped(signal);
  return { worker, front };
}

async function showAndServe(
  conductor: Conductor,
  { config, serverUrl, file, worker, front, first }: Services & Processes & { first: FirstRun | undefined },
  { options, signal, print, note, exitWith }: CommandContext,
): Promise<void> {
  const about = { conductor, shopUrl: config.shopUrl, file, print, note };
  const ok = await whileServed(worker, signal, async (either) => {
    if (first) return runFirst(conductor, first, { signal: either, print, note });
    return isProject(config) || demonstrate({ ...about, signal: either });
  });
  if (!ok) exitWith(1);
  if (options.once) return;
  print('');
  print(connectionHelp({ mcpUrl: front.url, config: { ...config, conductorServerUrl: serverUrl } }));
  if (config.mcpConsole) print(`\nConsole: ${front.siteUrl}   (see the fleet in a browser, and act on it)\n`);
  note('Everything keeps running. Ctrl-C stops it.');
  await whileServed(worker, signal, aborted);
  note('Stopping.');
}

/** Runs `work`. Aborts `work` if the worker process that should serve its tasks ends. */
async function whileServed<T>(
  worker: WorkerProcess | undefined,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const working = work(AbortSignal.any([signal, over.signal]));
  try {
    return await Promise.race([working, ...(worker ? [lossOf(worker, signal)] : [])]);
  } finally {
    over.abort(new FleetError('cancelled', 'Given up.'));
    await endsWithin(GIVE_UP_MS, Promise.allSettled([working])); // in this time the demonstration removes its fault from the shop
  }
}

/** Never resolves. Rejects if the worker process ends although the user has not stopped `up`. */
async function lossOf({ ended, logFile }: WorkerProcess, signal: AbortSignal): Promise<never> {
  const why = await ended;
  if (signal.aborted) return new Promise<never>(() => undefined);
  throw new FleetError('environment', `The worker process ${why}.`, {
    remedy: `Read the reason in its log: ${logFile}`,
  });
}

/** Called between two phases, so that no phase begins after a stop. */
function throwIfStopped(signal: AbortSignal): void {
  if (signal.aborted)
    throw new FleetError('cancelled', 'Stopped before everything had started.', { cause: signal.reason });
}

async function startFront(options: McpOptions, note: (line: string) => void): Promise<HttpEndpoint> {
  const { config, log, conductor } = options;
  const { mcpPort: wanted } = config;
  const served = await serveHttp({ front: await buildMcp(options), config, conductor, log, mayMove: true });
  const port = Number(new URL(served.url).port);
  if (port !== wanted) note(movedMcp(wanted, port));
  return served;
}

function movedMcp(wanted: number, port: number): string {
  const clients = `MCP clients that are set up for port ${wanted} reach that program and not this fleet.`;
  return `Another program uses port ${wanted}, so MCP uses port ${port}. ${clients}`;
}

/**
 * The README.md of the files root, else its first file. If the user chose no files root and the current folder has no README.md, `up` uses
 * the folder of this package. It never replaces a chosen files root, because this folder limits what workers may read.
 */
async function fileToShow(given: string): Promise<{ filesRoot: string; file: string | undefined }> {
  const files = await regularFiles(given);
  const isDefault = given === settings.filesRoot.schema.parse(undefined);
  if (files.includes('README.md')) return { filesRoot: given, file: 'README.md' };
  if (!isDefault) return { filesRoot: given, file: files[0] };
  return { filesRoot: packageFolder, file: 'README.md' };
}

/** The names of the files in the folder, sorted and without hidden files. */
async function regularFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
    return files.map(({ name }) => name).sort();
  } catch (cause) {
    throw new FleetError('config', `Cannot read the files root "${folder}": ${messageOf(cause)}.`, {
      remedy: 'Set --files-root or FILES_ROOT to a folder that you can read.',
      cause,
    });
  }
}
