import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import type { Definitions } from './definition-cache.ts';
import { nearNames } from './near-names.ts';
import { callOf, quote, quoteIfUnusual } from './quote.ts';

export interface WhichWorkflow {
  readonly name: string;
  /** Default: the highest. */
  readonly version?: number | undefined;
}

/** Reads a registered definition. @throws FleetError `not-found` with similar names, or with the versions that exist */
export async function findWorkflow(which: WhichWorkflow, definitions: Definitions): Promise<StoredWorkflowDef> {
  try {
    return await definitions.get(which.name, which.version);
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
    throw await noSuchWorkflow(which, definitions, error);
  }
}

/** The versions that a workflow has now, lowest first. @throws FleetError `not-found` with similar names if it has none */
export async function findVersions(name: string, definitions: Definitions): Promise<number[]> {
  const versions = await versionsNow(name, definitions);
  if (versions.length === 0) throw await noSuchWorkflow({ name }, definitions);
  return versions;
}

/** The error for a name or version that is not registered. The suggested call only reads, because a similar name is only a guess. */
export async function noSuchWorkflow(
  { name, version }: WhichWorkflow,
  definitions: Definitions,
  cause?: FleetError,
): Promise<FleetError> {
  const versions = await versionsNow(name, definitions);
  const highest = versions.at(-1);
  if (highest !== undefined) {
    const see = callOf('get_workflow', { name, version: highest });
    return new FleetError(
      'not-found',
      `${quoteIfUnusual(name)} has no version ${version}; its highest is ${highest}.`,
      {
        remedy: `Its versions are ${versions.join(', ')}. See the highest: ${see}`,
        cause,
      },
    );
  }
  const near = nearNames(name, [...(await definitions.index()).keys()]);
  return new FleetError('not-found', `There is no workflow named ${quote(name, 255)}.`, {
    remedy: near[0]
      ? `Similar names are ${near.map(quoteIfUnusual).join(', ')}. See the first: ${callOf('get_workflow', { name: near[0] })}`
      : `No registered name is similar. See all: ${callOf('list_workflows', {})}`,
    cause,
  });
}

async function versionsNow(name: string, definitions: Definitions): Promise<number[]> {
  return ((await definitions.index({ fresh: true })).get(name) ?? []).map(({ version }) => version);
}
