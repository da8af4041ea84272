import type { Conductor } from '../../core/conductor/api.ts';
import { isLock } from '../../core/conductor/lock-names.ts';
import type { WorkflowVersion } from '../../core/conductor/types.ts';
import type { Logger } from '../../core/log.ts';
import { named } from '../../core/settings/named.ts';
import type { Tool } from '../engine/define-tool.ts';
import type { ToolSource } from '../engine/tool-catalogue.ts';
import type { DefinitionCache } from '../shared/definition-cache.ts';
import { chooseWorkflows, type WorkflowChoice } from './choose-workflows.ts';
import { toolNames } from './tool-names.ts';
import { workflowTool } from './workflow-tool.ts';

export interface WorkflowToolsOptions {
  readonly conductor: () => Promise<Conductor>;
  readonly definitions: DefinitionCache;
  readonly choice: WorkflowChoice;
  /** Names of other tools, which no workflow tool may take. */
  readonly taken: ReadonlySet<string>;
  readonly log: Logger;
  /** Aborted when the process ends. It ends reads of definitions, which serve all clients. */
  readonly signal: AbortSignal;
}

interface MadeTools {
  /** Names, highest versions and update times of all definitions when the tools were made. */
  readonly fingerprint: string;
  readonly tools: ReadonlyMap<string, Tool>;
}

/**
 * The workflows that are offered as tools, each in its highest version. After a change of any definition, all tools are made again.
 * Noticing a change takes one small request at most every two seconds. The definitions themselves are read only at first and after a
 * change. Requests at the same time share one reading.
 */
export function workflowToolSource({
  conductor,
  definitions,
  choice,
  taken,
  log,
  signal,
}: WorkflowToolsOptions): ToolSource {
  let known: MadeTools | undefined;
  let reading: Promise<MadeTools> | undefined;

  async function current(): Promise<ReadonlyMap<string, Tool>> {
    const server = (await conductor()).withSignal(signal);
    if (known) {
      const index = await definitions.over(server, signal).index();
      const highest = [...index.values()].flatMap((versions) => versions.at(-1) ?? []);
      if (known.fingerprint === fingerprintOf(highest, server.serverUrl)) return known.tools;
    }
    reading ??= read(server).finally(() => {
      reading = undefined;
    });
    known = await reading;
    return known.tools;
  }

  async function read(server: Conductor): Promise<MadeTools> {
    const defs = await server.listLatestWorkflowDefs();
    return { fingerprint: fingerprintOf(defs, server.serverUrl), tools: make(defs) };
  }

  function make(defs: Awaited<ReturnType<Conductor['listLatestWorkflowDefs']>>): Map<string, Tool> {
    const { offered, leftOut } = chooseWorkflows(
      defs.filter(({ name }) => !isLock(name)),
      choice,
    );
    if (leftOut > 0)
      log.warn(
        `${leftOut} more workflows could be tools. Choose with ${named('mcpWorkflowTools')}, or raise ${named('mcpWorkflowToolsMost')}`,
      );
    const names = toolNames(
      offered.map(({ def }) => def.name),
      taken,
    );
    const tools = offered.map((one) => workflowTool(one, names.get(one.def.name) ?? one.def.name));
    return new Map(tools.map((tool) => [tool.name, tool]));
  }

  /** If the server cannot be read, lists the last known tools. A call then reports the problem, which a missing tool would hide. */
  async function currentOrKnown(): Promise<ReadonlyMap<string, Tool>> {
    try {
      return await current();
    } catch (err) {
      log.debug({ err }, 'the workflows that are tools could not be read');
      return known?.tools ?? new Map();
    }
  }

  return {
    list: async () => [...(await currentOrKnown()).values()],
    find: async (name) => (await currentOrKnown()).get(name),
  };
}

function fingerprintOf(highest: readonly WorkflowVersion[], serverUrl: string): string {
  const others = highest.filter(({ name }) => !isLock(name));
  return JSON.stringify([serverUrl, ...others.map((one) => [one.name, one.version, one.updateTime]).sort()]);
}
