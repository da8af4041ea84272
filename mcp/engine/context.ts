import type { Conductor } from '../../core/conductor/api.ts';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import type { DefinitionCache } from '../shared/definition-cache.ts';
import type { CodeDefinition, ReadContext, ServerModel } from './define-tool.ts';
import { type Caller, isAllowed } from './permissions.ts';

/** What every call of a tool, and every reading of a resource or prompt, is made with. */
export interface Surroundings {
  /** Asked at every call, so that a server that was started or moved in the meantime is found. */
  readonly conductor: () => Promise<Conductor>;
  readonly definitions: DefinitionCache;
  readonly config: Pick<Config, 'rateLimitRpm' | 'maxResponseSizeKb'>;
  readonly log: Logger;
  readonly model?: ServerModel;
  readonly ours?: () => Promise<readonly CodeDefinition[]>;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** What one request of `caller` is made with. */
export async function readContext(
  { caller, signal, log }: { caller: Caller; signal: AbortSignal; log: Logger },
  { conductor, definitions, config, model, ours }: Surroundings,
): Promise<ReadContext> {
  const server = await conductor();
  return {
    conductor: server.withSignal(signal),
    definitions: definitions.over(server, signal),
    allows: (permission) => isAllowed(caller, permission),
    caller,
    maxResponseBytes: config.maxResponseSizeKb * 1024,
    log,
    ...(model && { model }),
    ours: ours ?? (async () => []),
    signal,
  };
}
