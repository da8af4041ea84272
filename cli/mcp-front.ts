import type { McpRequestContext } from '@modelcontextprotocol/server';
import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import { lazy } from '../core/lazy.ts';
import type { Logger } from '../core/log.ts';
import { modelProvider } from '../core/settings/model-provider.ts';
import { createAdmit } from '../mcp/admission/admit.ts';
import type { Caller } from '../mcp/admission/permissions.ts';
import type { Leases } from '../mcp/agents/leases.ts';
import { connector } from '../mcp/engine/connection.ts';
import type { CodeDefinition, ServerModel, Tool } from '../mcp/engine/define-tool.ts';
import { createMcpServer } from '../mcp/engine/mcp-server.ts';
import { createTools } from '../mcp/engine/tool-calls.ts';
import { type ToolSource, watchTools } from '../mcp/engine/tool-catalogue.ts';
import { checkChoice } from '../mcp/engine/toolsets.ts';
import { createCompletions } from '../mcp/reading/completions.ts';
import { createPrompts } from '../mcp/reading/prompts.ts';
import { createResources } from '../mcp/reading/resources.ts';
import { DefinitionCache } from '../mcp/shared/definition-cache.ts';
import { ChangeBus } from '../mcp/subscriptions/change-bus.ts';
import { executionWatcher } from '../mcp/subscriptions/execution-watcher.ts';
import { createSubscriptions } from '../mcp/subscriptions/listen-admission.ts';
import { ExecutionTasks } from '../mcp/tasks/execution-tasks.ts';
import { createTasks } from '../mcp/tasks/task-methods.ts';
import type { McpFront } from '../mcp/transports/mcp-front.ts';
import { loadPrompts, loadResources, loadTools } from './load-mcp-content.ts';

export interface McpOptions {
  config: Config;
  log: Logger;
  conductor: () => Promise<Conductor>;
  /** Leases of the tasks that agents have claimed. The caller creates and closes them. */
  leases: Leases;
  /** Aborted at the end of the process. This ends reads that serve several clients, such as reads of definitions. */
  signal: AbortSignal;
  /** Decides who the client of a connection is. Default: every client has the role MCP_ROLE. */
  callerFrom?: (context: McpRequestContext) => Caller;
  /** True to load the tools after the first answer, because a client that starts this process waits for that answer. */
  loadsLater?: boolean;
}

/** Builds everything that both transports serve. */
export async function buildMcp({ loadsLater = false, ...options }: McpOptions): Promise<McpFront> {
  const { config, log, signal } = options;
  const tools = lazy(() => loadTools(config));
  if (loadsLater && config.mcpTools.length === 0) checkChoice({ toolsets: config.mcpToolsets, tools: [] }, []);
  else await tools();
  const now = () => performance.now();
  const definitions = new DefinitionCache(now, signal);
  const workflows = lazy(() => loadWorkflowTools({ ...options, definitions, tools }));
  const sources = [later(workflows)];
  const model = modelOf(config);
  const ours = () => definitionsInCode(config);
  const calls = { ...options, definitions, now, tools, sources, ours, ...(model && { model }) };
  const tasks = new ExecutionTasks(calls);
  const readings = {
    ...calls,
    resources: lazy(() => loadResources(config)),
    prompts: lazy(() => loadPrompts(config)),
  };
  const reading = [createResources(readings), createPrompts(readings), createCompletions(readings)];
  const door = { admit: createAdmit({ config, now }), connect: connector(options), log };
  const build = createMcpServer({ ...door, features: [createTools(calls), createTasks(tasks), ...reading] });
  // The watch on tools starts with the first connection. The watch waits for `warmUp`, so that the first answer need not wait for the
  // tools.
  const warm = Promise.withResolvers<void>();
  const watched = sources.map(({ list, find }) => ({ find, list: () => warm.promise.then(list) }));
  // A failure to load is only logged here. A client that lists the tools gets the same error in its answer.
  const load = lazy(() => workflows().catch((err) => log.error({ err }, 'the tools cannot be loaded')));
  return {
    build,
    subscriptions: createSubscriptions({ ...door, tasks, changes: changesOf({ ...calls, sources: watched }) }),
    warmUp() {
      warm.resolve();
      void load();
    },
  };
}

/** Offers workflows as tools. Their names never equal the name of a built-in tool. */
async function loadWorkflowTools(
  options: McpOptions & { definitions: DefinitionCache; tools: () => Promise<readonly Tool[]> },
): Promise<ToolSource> {
  const { config, tools } = options;
  const [{ workflowToolSource }, own] = await Promise.all([
    import('../mcp/workflow-tools/workflow-tool-source.ts'),
    tools(),
  ]);
  const { mcpWorkflowTools: allow, mcpWorkflowToolsDeny: deny, mcpWorkflowToolsMost: most } = config;
  return workflowToolSource({ ...options, choice: { allow, deny, most }, taken: new Set(own.map(({ name }) => name)) });
}

/** Returns a source that is created at its first use. */
function later(source: () => Promise<ToolSource>): ToolSource {
  return {
    list: async () => (await source()).list(),
    find: async (name) => (await source()).find(name),
  };
}

interface Changing {
  readonly conductor: () => Promise<Conductor>;
  readonly definitions: DefinitionCache;
  readonly sources: readonly ToolSource[];
}

/** Tells clients about changes of executions, and about changes of the workflows that are tools. */
function changesOf({ conductor, definitions, sources }: Changing): ChangeBus {
  const changes = new ChangeBus();
  changes.addWatcher(executionWatcher(conductor));
  changes.whileConnected(() => watchTools({ sources, definitions, changes }));
  return changes;
}

/** The scripted model is used only if it is configured, because its answers fit only the demonstration. */
function modelOf(config: Config): ServerModel | undefined {
  const { name, conductorName: provider, model } = modelProvider(config);
  return name === 'scripted' && config.llmProvider === undefined ? undefined : { provider, model };
}

/** Loads the content at its first use, because loading would make the start of the server too slow. */
async function definitionsInCode(config: Config): Promise<readonly CodeDefinition[]> {
  const [{ loadContent, workflowSettings }, { definitionsOf }] = await Promise.all([
    import('./load-content.ts'),
    import('../workflows/manage/content-definitions.ts'),
  ]);
  return definitionsOf(await loadContent(config), workflowSettings(config)).workflow;
}
