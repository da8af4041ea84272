import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConductor } from '../../core/conductor/api.ts';
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
import { startWorkerProcess } from '../worker-process.ts';
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
      await up(context, cleanups);
    } finally {
      const failures = await cleanups.run();
      for (const [what, error] of failures) context.note(`could not stop ${what}: ${messageOf(error)}`);
    }
  },
});

async function up(context: CommandContext, cleanups: Cleanups): Promise<void> {
  const { config: given, options, log, signal, print, note, exitWith } = context;
  const shop = await openShop(given, log);
  cleanups.add('the shop', () => shop.close());
  const config: Config = { ...given, shopUrl: shop.url, filesRoot: await rootWithReadme(given.filesRoot) };

  const scripted = llmBaseUrl(shop.url);
  const server = await ensureServer(config, { note, signal, fresh: options.fresh === true, llmBaseUrl: scripted });
  cleanups.add('the server', () => server.stop());
  note(`server:  ${server.url}${server.reused ? ' (ran already)' : ''}`);
  note(`shop:    ${shop.url}`);
  const { name, model } = modelProvider(config);
  note(
    `model:   ${model}${name === 'scripted' ? ' (scripted answers; set OPENAI_API_KEY, ANTHROPIC_API_KEY or OLLAMA_HOST for a real one)' : ''}`,
  );

  const conductor = createConductor(createCaller({ ...config, conductorServerUrl: server.url }));
  cleanups.add('the connection', () => conductor.close());
  const content = { tasks: await loadWorkers(), workflows: await loadWorkflows() };
  const changes = await register(conductor, content, workflowSettings(config));
  for (const { notice } of changes) if (notice) note(notice);
  const written = changes.filter(({ action }) => action === 'create' || action === 'update').length;
  note(`registered ${content.workflows.length} workflows and their tasks (${written} new or changed)`);

  const worker = startWorkerProcess(config, server.url, shop.url);
  cleanups.add('the worker process', () => worker.stop());
  note(`worker:  process ${worker.pid}, log in ${worker.logFile}`);
  const front = await startFront({ config, log, conductor: async () => conductor });
  cleanups.add('the MCP server', () => front.close());
  note(`MCP:     ${front.url}`);

  const demonstration = demonstrate({ conductor, shopUrl: shop.url, file: 'README.md', signal, print, note });
  const ok = await Promise.race([demonstration, worker.ended.then((why) => workerLost(why, worker.logFile, signal))]);
  if (!ok) exitWith(1);
  if (options.once) return;
  print('');
  print(connectionHelp({ mcpUrl: front.url, serverUrl: server.url }));
  note('Everything stays up; Ctrl-C stops it in order.');
  await Promise.race([aborted(signal), worker.ended.then((why) => workerLost(why, worker.logFile, signal))]);
  note('stopping');
}

/** Never resolves once a stop was asked for: then the end of the worker is in order. */
function workerLost(why: string, logFile: string, signal: AbortSignal): Promise<never> {
  if (signal.aborted) return new Promise(() => undefined);
  const remedy = `Its log says why: ${logFile}`;
  return Promise.reject(new FleetError('environment', `The worker process ${why}.`, { remedy }));
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

/** The demonstration compresses a README: the one below the files root, else the one that comes with this package. */
async function rootWithReadme(filesRoot: string): Promise<string> {
  const own = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../' : '../../../', import.meta.url));
  return access(join(filesRoot, 'README.md')).then(
    () => filesRoot,
    () => own,
  );
}
