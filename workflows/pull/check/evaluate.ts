import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isWorkflow, type Workflow } from '../../../core/contract.ts';
import { FleetError, messageOf } from '../../../core/errors.ts';

/**
 * Loads the source of a definition as if it stood in `folder`, so that what it imports is found from there. The file it needs for
 * that has a name that no folder of content takes for content, and is gone afterwards.
 * @throws FleetError `environment` if the folder cannot be written to; whatever the source itself throws
 */
export async function evaluate(source: string, folder: string): Promise<Workflow> {
  return withFile(source, { folder, suffix: '.mts' }, async (file) => {
    const { default: workflow } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (!isWorkflow(workflow)) throw new TypeError('The generated file has no workflow as its default export.');
    return workflow;
  });
}

/** Does something with a source while it lies in a folder under a name of its own. */
export async function withFile<T>(
  source: string,
  { folder, suffix }: { folder: string; suffix: '.mts' | '.json' },
  use: (file: string) => Promise<T>,
): Promise<T> {
  const file = join(folder, `.pull-${randomUUID()}${suffix}`);
  try {
    await writeFile(file, source, { flag: 'wx' });
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to ${folder}: ${messageOf(cause)}`, { cause });
  }
  try {
    return await use(file);
  } finally {
    await rm(file, { force: true });
  }
}
