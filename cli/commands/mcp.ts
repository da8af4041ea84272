import type { McpServerFactory } from '@modelcontextprotocol/server';
import { Option } from 'commander';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { discover } from '../../core/discover.ts';
import { aborted } from '../../core/drain.ts';
import { FleetError } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { modelProvider } from '../../core/model-provider.ts';
import { ChangeBus } from '../../mcp/changes.ts';
import { type CodeDefinition, isTool, type ServerModel, type Tool } from '../../mcp/define.ts';
import { DefinitionCache } from '../../mcp/definitions.ts';
import { connector, createMcpServer } from '../../mcp/server.ts';
import { ExecutionTasks } from '../../mcp/tasks/executions.ts';
import { createTasks } from '../../mcp/tasks/feature.ts';
import { showing, taskWatcher } from '../../mcp/tasks/listening.ts';
import { watchTools } from '../../mcp/tool-changes.ts';
import { createTools, type ToolSource } from '../../mcp/tools.ts';
import { checkChoice } from '../../mcp/toolsets.ts';
import type { Listening, Served } from '../../mcp/transports/listening.ts';
import { actionsOf } from '../actions.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { stayConnected } from '../connect.ts';
import { clientNames } from '../mcp-clients/clients.ts';
import { settleSoon } from '../settle.ts';

const actions = actionsOf('[action]', {
  serve: 'serve MCP over stdio, or over HTTP with --transport http (default)',
  install: `install <client>: write it into the configuration of ${clientNames.join(', ')}`,
});

export default defineCommand({
  groups: ['conductor', 'server', 'content', 'mcp'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .argument('[client]', 'install: the program that is to use it')
      .option('--scope <project|user>', 'install: for this folder (default), or for you everywhere')
      .option('--name <name>', 'install: what the client calls the server (default: conductor)')
      .option('--url <url>', 'install: the address of a server that runs elsewhere, instead of --host and --port')
      .option('--print', 'install: print the configuration and write nothing')
      .option('--remove', 'install: take it out again')
      .addOption(new Option('--conformance-fixture', "serve what the protocol's conformance suite calls").hideHelp())
      .addHelpText('after', actions.help);
  },
  async run(context) {
    const [action = 'serve', client] = context.args;
    if (action === 'install') {
      await loadTools(context.config);
      const { installInClient } = await import('../mcp-clients/install.ts');
      return installInClient(context, client);
    }
    refuseInstallFlags(context);
    const { config, log, options } = context;
    const { conductor, close } = stayConnected(config);
    const ended = new AbortController();
    try {
      const isHttp = config.mcpTransport === 'http';
      const served = options.conformanceFixture
        ? (await import('../../mcp/conformance/fixture.ts')).createFixture()
        : await buildMcp({ config, log, conductor, signal: ended.signal, loadsLater: !isHttp });
      if (isHttp) await runHttp(context, { ...served, conductor });
      else await runStdio(context, served);
    } finally {
      ended.abort();
      close();
    }
  },
});

/** A flag that does nothing would be believed to do something. */
function refuseInstallFlags({ options, args: [, client] }: CommandContext): void {
  const [flag] = Object.keys(options).filter((name) => name !== 'conformanceFixture');
  if (flag === undefined && client === undefined) return;
  const given = flag === undefined ? `"${client}"` : `--${flag}`;
  throw new FleetError('input', `${given} is for \`fleet mcp install\`.`, {
    remedy: 'Write `fleet mcp install <client>`, or leave it out.',
  });
}

export interface McpOptions {
  config: Config;
  log: Logger;
  conductor: () => Promise<Conductor>;
  /** Ends what no client waits for. */
  signal: AbortSignal;
  /** Loads the tools once the first client has its first answer: it waits for each process that it starts. */
  loadsLater?: boolean;
}

/** All our tools. @throws FleetError `config` if the configuration names one that is not there */
async function loadTools({ mcpToolsets, mcpTools }: Config): Promise<Tool[]> {
  const tools = await discover(new URL('../../mcp/tools/', import.meta.url), isTool, 'tool');
  checkChoice({ toolsets: mcpToolsets, tools: mcpTools }, tools);
  return tools;
}

/** Everything that either transport serves. */
export async function buildMcp({ loadsLater = false, ...options }: McpOptions): Promise<Served> {
  const { config, log } = options;
  const tools = once(() => loadTools(config));
  if (loadsLater && config.mcpTools.length === 0) checkChoice({ toolsets: config.mcpToolsets, tools: [] }, []);
  else await tools();
  const now = () => performance.now();
  const definitions = new DefinitionCache(now, options.signal);
  const workflows = once(async () => {
    const [{ workflowTools }, own] = await Promise.all([import('../../mcp/workflow-tools/source.ts'), tools()]);
    const { mcpWorkflowTools: allow, mcpWorkflowToolsDeny: deny, mcpWorkflowToolsMost: most } = config;
    const taken = new Set(own.map(({ name }) => name));
    return workflowTools({ ...options, definitions, choice: { allow, deny, most }, taken });
  });
  const sources: ToolSource[] = [
    { list: async () => (await workflows()).list(), find: async (name) => (await workflows()).find(name) },
  ];
  const model = modelOf(config);
  const ours = () => definitionsInCode(config);
  const calls = { ...options, definitions, now, tools, sources, ours, ...(model && { model }) };
  const decide = async () => (await tools()).find(({ name }) => name === 'decide_approval');
  const tasks = new ExecutionTasks({ ...calls, decide });
  const build = createMcpServer({ config, features: [createTools(calls), createTasks(tasks)] });
  return { build: loadingLater(build, workflows, log), listening: listeningTo({ ...calls, tasks }) };
}

/** Makes it at the first call, for every call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** The factory that loads everything behind the answer to the message that the first server is built for. */
function loadingLater(build: McpServerFactory, load: () => Promise<unknown>, log: Logger): McpServerFactory {
  // Whoever asks for tools is told, too.
  const start = once(() =>
    load()
      .then(settleSoon)
      .catch((err) => log.error({ err }, 'the tools cannot be loaded')),
  );
  return (context) => {
    setImmediate(start);
    return build(context);
  };
}

interface Listened {
  readonly config: Config;
  readonly definitions: DefinitionCache;
  readonly sources: readonly ToolSource[];
  readonly tasks: ExecutionTasks;
}

/** What clients can hear of: tasks, and the workflows that are tools. */
function listeningTo({ config, definitions, sources, tasks }: Listened): Listening {
  const changes = new ChangeBus();
  const showTask = showing(tasks, connector(config)({ era: 'modern' }));
  changes.addWatcher(taskWatcher(showTask));
  changes.whileHeard(() => watchTools({ sources, definitions, changes }));
  return { changes, showTask };
}

/** The scripted model is asked only where somebody chose it: its answers are the demonstration's own. */
function modelOf(config: Config): ServerModel | undefined {
  const { name, conductorName: provider, model } = modelProvider(config);
  return name === 'scripted' && config.llmProvider === undefined ? undefined : { provider, model };
}

/** Loaded when somebody asks: content takes longer to load than the server may take to start. */
async function definitionsInCode(config: Config): Promise<readonly CodeDefinition[]> {
  const [{ loadContent, workflowSettings }, { definitionsOf }] = await Promise.all([
    import('../content.ts'),
    import('../../workflows/manage/ours.ts'),
  ]);
  return definitionsOf(await loadContent(config), workflowSettings(config)).workflow;
}

async function runStdio({ log, signal, note }: CommandContext, served: Served): Promise<void> {
  const { serveStdio } = await import('../../mcp/transports/stdio.ts');
  if (process.stdin.isTTY)
    note('Speaking MCP on stdin and stdout; this is for an MCP client to start. Ctrl-C ends it.');
  await serveStdio(served, { log, signal });
}

async function runHttp(
  { config, log, signal, note }: CommandContext,
  served: Served & { conductor: () => Promise<Conductor> },
): Promise<void> {
  const { startHttp } = await import('../../mcp/transports/http.ts');
  const front = await startHttp({ ...served, config, log });
  note(`MCP at ${front.url}; Ctrl-C ends it.`);
  await aborted(signal);
  await front.close();
}
