import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import { localWorkers } from '../../core/worker-processes/local-workers.ts';
import { refusalOf, type UseSettings } from '../admission/may-use.ts';
import { type Caller, isAllowed } from '../admission/permissions.ts';
import { type Reach, reachOf } from '../admission/reach.ts';
import type { Leases } from '../agents/leases.ts';
import { guardDefinitions, readable } from '../guard/guard-definitions.ts';
import { recordingStarts } from '../operate/starter.ts';
import type { DefinitionCache } from '../shared/definition-cache.ts';
import { sealOf } from '../signing/state-key.ts';
import type { Client } from './client.ts';
import type { CodeDefinition, ReadContext, ServerModel, Tool, ToolContext, ToolOffer } from './define-tool.ts';
import { type Choice, chosenTools } from './toolsets.ts';

/** What the process provides to every request. */
export interface Surroundings {
  /** Called for each request, because the Conductor server may have started or moved since the last request. */
  readonly conductor: () => Promise<Conductor>;
  readonly definitions: DefinitionCache;
  readonly config: Pick<Config, 'maxResponseSizeKb' | 'dataDir'> & UseSettings;
  readonly log: Logger;
  readonly model?: ServerModel;
  readonly ours?: () => Promise<readonly CodeDefinition[]>;
  /** Loads all built-in tools when it is first called. */
  readonly tools: () => Promise<readonly Tool[]>;
}

/** What the process provides to every tool call. */
export interface ToolSurroundings extends Surroundings {
  /** Signs what clients carry for the server. */
  readonly stateKey: Uint8Array;
  readonly leases: Leases;
}

interface For {
  readonly caller: Caller;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** Makes the context that resource readers, completers and prompts get in addition to their arguments. */
export async function readContext({ caller, signal, log }: For, surroundings: Surroundings): Promise<ReadContext> {
  const { conductor, definitions, config, model, ours } = surroundings;
  const server = await conductor();
  const reach = reachOf(caller, config);
  return {
    conductor: await withinReach(recordingStarts(server.withSignal(signal), caller), reach),
    definitions: guardDefinitions(definitions.over(server, signal), reach),
    allows: (permission) => isAllowed(caller, permission),
    caller,
    limits: reach.sentences,
    maxResponseBytes: config.maxResponseSizeKb * 1024,
    log,
    ...(model && { model }),
    ours: async () => readable(reach, (await ours?.()) ?? []),
    workers: localWorkers(config.dataDir),
    signal,
  };
}

/** The API within the reach of a caller. The guards are loaded for the first caller with limits, because most servers have none. */
async function withinReach(api: Conductor, reach: Reach): Promise<Conductor> {
  if (reach.isUnlimited) return api;
  const { guardConductor } = await import('../guard/guard-conductor.ts');
  return guardConductor(api, reach);
}

/** Makes the context that the handler of a tool gets in addition to its arguments. */
export async function toolContext(
  { choice, client, ...request }: For & { choice: Choice; client: Client },
  surroundings: ToolSurroundings,
): Promise<ToolContext> {
  const { leases, tools, stateKey, config } = surroundings;
  return {
    ...(await readContext(request, surroundings)),
    leases,
    seal: sealOf(stateKey, request.caller),
    tools: async () => offersTo(request.caller, choice, await tools(), config),
    ...client,
  };
}

function offersTo(caller: Caller, choice: Choice, tools: readonly Tool[], settings: UseSettings): ToolOffer[] {
  const on = new Set(chosenTools(choice, tools));
  return tools.map((tool) => {
    const { name, toolset, permission } = tool;
    const withheld = refusalOf(tool, caller, settings);
    return { name, toolset, permission, isOn: on.has(tool), ...(withheld && { withheldBy: withheld.rule }) };
  });
}
