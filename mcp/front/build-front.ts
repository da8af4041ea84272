import type { McpRequestContext } from '@modelcontextprotocol/server';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import { lazy } from '../../core/lazy.ts';
import type { Logger } from '../../core/log.ts';
import { modelProvider } from '../../core/settings/model-provider.ts';
import { createAdmission } from '../admission/admit.ts';
import type { Caller } from '../admission/permissions.ts';
import type { Leases } from '../agents/leases.ts';
import { connector } from '../engine/connection.ts';
import type { CodeDefinition, ServerModel, Tool } from '../engine/define-tool.ts';
import { createMcpServers } from '../engine/mcp-server.ts';
import { createTools } from '../engine/tool-calls.ts';
import { type ToolSource, watchTools } from '../engine/tool-catalogue.ts';
import { createCompletions } from '../reading/completions.ts';
import type { Prompt } from '../reading/define-prompt.ts';
import type { Resource } from '../reading/define-resource.ts';
import { createPrompts } from '../reading/prompts.ts';
import { createResources } from '../reading/resources.ts';
import { DefinitionCache } from '../shared/definition-cache.ts';
import { stateKeyOf } from '../signing/state-key.ts';
import { ChangeBus } from '../subscriptions/change-bus.ts';
import { executionWatcher } from '../subscriptions/execution-watcher.ts';
import { createSubscriptions } from '../subscriptions/listen-admission.ts';
import { createWatchAdmission } from '../subscriptions/watch-admission.ts';
import { ExecutionTasks } from '../tasks/execution-tasks.ts';
import { createTasks } from '../tasks/task-methods.ts';
import type { McpFront } from '../transports/mcp-front.ts';
import { type Inside, insideOf } from './inside.ts';

export interface FrontOptions {
  config: Config;
  log: Logger;
  conductor: () => Promise<Conductor>;
  /** Leases of the tasks that agents have claimed. The caller creates and closes them. */
  leases: Leases;
  /** Aborted at the end of the process. This ends reads that serve several clients, such as reads of definitions. */
  signal: AbortSignal;
  /** Decides who the client of a connection is. Default: every client has the role MCP_ROLE. */
  callerFrom?: (context: McpRequestContext) => Caller;
}

/** The content that a front offers. Each function loads it at its first call. */
export interface FrontContent {
  tools: () => Promise<readonly Tool[]>;
  resources: () => Promise<readonly Resource[]>;
  prompts: () => Promise<readonly Prompt[]>;
  /** The workflow definitions in code, in the form that registration would store. */
  ours: () => Promise<readonly CodeDefinition[]>;
}

/** What all transports serve, and what other parts of the process need to serve the same callers. */
export interface BuiltFront extends McpFront {
  readonly inside: Inside;
}

/** Builds everything that all transports serve. */
export function buildFront(options: FrontOptions & FrontContent): BuiltFront {
  const { config, log, signal, tools, resources, prompts } = options;
  const now = () => performance.now();
  const definitions = new DefinitionCache(now, signal);
  const workflows = lazy(() => loadWorkflowTools({ ...options, definitions, tools }));
  const sources = [later(workflows)];
  const model = modelOf(config);
  const stateKey = stateKeyOf(config.mcpStateKey);
  const calls = { ...options, stateKey, definitions, now, sources, ...(model && { model }) };
  const tasks = new ExecutionTasks(calls);
  const readings = { ...calls, resources: lazy(resources), prompts: lazy(prompts) };
  const reading = [createResources(readings), createPrompts(readings), createCompletions(readings)];
  const watch = createWatchAdmission(calls);
  const { enter, turnAway } = createAdmission({ config, log, signal, now });
  const door = { enter, connect: connector(options), watch, log };
  const servers = createMcpServers({ ...door, features: [createTools(calls), createTasks(tasks), ...reading] });
  // The watch on tools starts with the first connection. The watch waits for `warmUp`, so that the first answer need not wait for the
  // tools.
  const warm = Promise.withResolvers<void>();
  const watched = sources.map(({ list, find }) => ({ find, list: () => warm.promise.then(list) }));
  // A failure to load is only logged here. A client that lists the tools gets the same error in its answer.
  const load = lazy(() => workflows().catch((err) => log.error({ err }, 'the tools cannot be loaded')));
  return {
    ...servers,
    turnAway,
    inside: insideOf({ ...calls, ...door }),
    subscriptions: createSubscriptions({ ...door, tasks, changes: changesOf({ ...calls, sources: watched }) }),
    warmUp() {
      warm.resolve();
      void load();
    },
  };
}

/** Offers workflows as tools. Their names never equal the name of a built-in tool. */
async function loadWorkflowTools(
  options: FrontOptions & { definitions: DefinitionCache; tools: () => Promise<readonly Tool[]> },
): Promise<ToolSource> {
  const { config, tools } = options;
  const [{ workflowToolSource }, own] = await Promise.all([
    import('../workflow-tools/workflow-tool-source.ts'),
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
