import { z } from 'zod';
import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import type { ReadContext } from '../define.ts';
import { nearNames } from '../names.ts';
import { callOf, quote, word } from '../text.ts';

/** A version in an address. */
export const versionInAddress = z.coerce.number().int().min(1);

/** The stored definition. @throws FleetError `not-found` with near names or the versions there are */
export async function findWorkflow(
  { name, version }: { name: string; version?: number | undefined },
  { definitions }: Pick<ReadContext, 'definitions'>,
): Promise<StoredWorkflowDef> {
  try {
    return await definitions.get(name, version);
  } catch (cause) {
    if (!(cause instanceof FleetError && cause.code === 'not-found')) throw cause;
    const index = await definitions.index();
    const versions = index.get(name)?.map((one) => one.version);
    if (versions) {
      const remedy = `Its versions are ${versions.join(', ')}.`;
      throw new FleetError('not-found', `${word(name)} has no version ${version}.`, { remedy, cause });
    }
    const near = nearNames(name, [...index.keys()]);
    throw new FleetError('not-found', `There is no workflow named ${quote(name, 255)}.`, {
      remedy:
        near.length > 0
          ? `Similar names are ${near.map(word).join(', ')}.`
          : `See what there is: ${callOf('list_workflows', {})}`,
      cause,
    });
  }
}
