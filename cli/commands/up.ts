import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Conductor, createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/client.ts';
import { ensureServer } from '../../core/conductor/server.ts';
import type { Config } from '../../core/config.ts';
import { aborted, Cleanups } from '../../core/drain.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { modelProvider } from '../../core/model-provider.ts';
import { settings } from '../../core/settings/index.ts';
import { type HttpFront, startHttp } from '../../mcp/transports/http.ts';
import { register } from '../../workflows/manage/apply.ts';
import { connectionHelp } from '../clients.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { loadWorkers, loadWorkflows, workflowSettings } from '../content.ts';
import { demonstrate } from '../demo/demonstration.ts';
import { llmBaseUrl, openShop } from '../open-shop.ts';
import { startWorkerProcess, type WorkerProcess } from '../worker-process.ts';
import { buildMcp, type McpOptions } from './mcp.ts';

/** Ports tried after the default one; a port that was asked for is not replaced. */
const MORE_MCP_PORTS = 20;

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
      const conductor = await connect(outside, context, cleanups);
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
  front: HttpFront;
}

async function openOutside(
  { config: given, options, log, signal, note }: CommandContext,
  cleanups: Cleanups,
): Promise<Outside> {
  const shop = await openShop(given, log);
  cleanups.add('the shop', () => shop.close());
  const { filesRoot, file } = await fileToShow(given.filesRoot);
  const config: Config = { ...given, shopUrl: shop.url, filesRoot };
  const fresh = options.fresh === true;
  const server = await ensureServer(config, { note, signal, fresh, llmBaseUrl: llmBaseUrl(shop.url) });
  cleanups.add('the server', () => server.stop());
  note(`server:  ${server.url}${server.reused ? ' (ran already)' : ''}`);
  note(`shop:    ${shop.url}`);
  const { name, model } = modelProvider(config);
  const scripted = ' (scripted answers; set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST for a real one)';
  note(`model:   ${model}${name === 'scripted' ? scripted : ''}`);
  return { config, serverUrl: server.url, file };
}

async function connect(
  { config, serverUrl }: Outside,
  { signal }: CommandContext,
  cleanups: Cleanups,
): Promise<Conductor> {
  goOn(signal);
  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: serverUrl }));
  cleanups.add('the connection', () => conductor.close());
  return conductor;
}

async function registerAll(conductor: Conductor, config: Config, { note }: CommandContext): Promise<void> {
  const content = { tasks: await loadWorkers(), workflows: await loadWorkflows() };
  const changes = await register(conductor, content, workflowSettings(config));
  for (const { notice } of changes) if (notice) note(notice);
  const written = changes.filter(({ action }) => action === 'create' || action === 'update').length;
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
  const front = await startFront({ config, log, conductor: async () => conductor });
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
  const lost = new AbortController();
  const workerLost = worker.ended.then((why) => {
    lost.abort();
    if (signal.aborted) return new Promise<never>(() => undefined); // then its end is in order
    throw new FleetError('environment', `The worker process ${why}.`, {
      remedy: `Its log says why: ${worker.logFile}`,
    });
  });
  workerLost.catch(() => undefined); // looked at below, wherever that is just now
  const either = AbortSignal.any([signal, lost.signal]);
  const shown = demonstrate({ conductor, shopUrl: config.shopUrl, file, signal: either, print, note });
  if (!(await Promise.race([workerLost, shown]))) exitWith(1);
  if (options.once) return;
  print('');
  print(connectionHelp({ mcpUrl: front.url, serverUrl }));
  note('Everything stays up; Ctrl-C stops it in order.');
  await Promise.race([aborted(signal), workerLost]);
  note('stopping');
}

/** Between two phases: nothing new begins once a stop was asked for. */
function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new FleetError('cancelled', 'Stopped before everything was up.');
}

async function startFront({ config, log, conductor }: McpOptions): Promise<HttpFront> {
  const build = await buildMcp({ config, log, conductor });
  const isDefault = config.mcpPort === settings.mcpPort.schema.parse(undefined);
  const last = config.mcpPort + (isDefault ? MORE_MCP_PORTS : 0);
  for (let mcpPort = config.mcpPort; ; mcpPort++) {
    try {
      return await startHttp({ build, config: { ...config, mcpPort }, conductor, log });
    } catch (error) {
      if (mcpPort === last || !(error instanceof FleetError) || error.code !== 'environment') throw error;
    }
  }
}

/**
 * A README to compress, or else the first file there is. Only where nobody chose a folder, and ours has no README, is it the folder of
 * this package: the files root is a limit that somebody may rely on.
 */
async function fileToShow(filesRoot: string): Promise<{ filesRoot: string; file: string | undefined }> {
  const hasReadme = await access(join(filesRoot, 'README.md')).then(
    () => true,
    () => false,
  );
  if (hasReadme) return { filesRoot, file: 'README.md' };
  if (filesRoot === settings.filesRoot.schema.parse(undefined)) {
    const own = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url));
    return { filesRoot: own, file: 'README.md' };
  }
  const entries = await readdir(filesRoot, { withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => name);
  return { filesRoot, file: files.sort()[0] };
}
