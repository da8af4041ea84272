import { z } from 'zod';
import { FleetError } from '../errors.ts';
import { zodPath, zodSentences } from '../schema/zod-sentences.ts';
import type { Conductor, StartRequest } from './api.ts';
import type { StoredWorkflowDef } from './types.ts';

/** Longer lists are cut, because a model may have to read them. */
const MOST_NAMED = 30;

const withSchema = z.looseObject({
  inputTemplate: z.record(z.string(), z.unknown()).nullish(),
  inputSchema: z.looseObject({ data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});

/**
 * Starts a workflow. It first checks the input against the definition's schema, because the server stores the schema but does not apply it.
 * It also fills in the defaults, because the server does not add them to an empty input.
 * @returns the id of the execution
 * @throws FleetError `not-found` with the names that exist, `input` with a sentence for each mistake
 */
export async function startChecked(conductor: Conductor, request: StartRequest): Promise<string> {
  const def = await findDefinition(conductor, request);
  return conductor.startWorkflow({ ...request, input: checkInput(def, request.input) });
}

/** Returns the input, completed with the definition's defaults. @throws FleetError `input` if it does not fit the definition's schema */
export function checkInput(def: StoredWorkflowDef, input: Record<string, unknown>): Record<string, unknown> {
  const { inputTemplate, inputSchema } = withSchema.parse(def);
  const complete = { ...inputTemplate, ...input };
  const mistakes = mistakesIn(inputSchema?.data ?? undefined, complete, 'input');
  if (mistakes.length > 0) {
    throw new FleetError('input', `The input does not fit ${def.name}: ${mistakes.join(' ')}`, {
      remedy: `${def.name} takes ${describeInput(inputSchema?.data ?? undefined)}.`,
    });
  }
  return complete;
}

/**
 * Returns the mistakes that a JSON Schema finds in a value, one sentence each.
 * @param whole what the sentences call the value as a whole
 */
export function mistakesIn(schema: Record<string, unknown> | undefined, value: unknown, whole: string): string[] {
  const result = schemaOf(schema)?.safeParse(value);
  if (!result || result.success) return [];
  return zodSentences(result.error, value, { nameOf: (path) => zodPath(path) || whole }).slice(0, MOST_NAMED);
}

/** Returns a stored definition, by default in its highest version. @throws FleetError `not-found` with the names that exist */
export async function findDefinition(
  conductor: Conductor,
  { name, version }: Pick<StartRequest, 'name' | 'version'>,
): Promise<StoredWorkflowDef> {
  try {
    return await conductor.getWorkflowDef(name, version);
  } catch (error) {
    if (!(error instanceof FleetError) || error.code !== 'not-found') throw error;
    const names = await conductor.listWorkflowNames();
    const which = version === undefined ? `"${name}"` : `"${name}" in version ${version}`;
    const known =
      names.length > 0
        ? `It has ${names.filter(isPlain).sort().slice(0, MOST_NAMED).join(', ')}. To register a workflow from a file, run \`fleet apply\`.`
        : 'It has none: run `fleet apply`.';
    throw new FleetError('not-found', `The server has no workflow ${which}.`, { remedy: known, cause: error });
  }
}

/** Returns undefined if zod cannot read the schema, which any program may have written. The input is then not checked. */
function schemaOf(data: Record<string, unknown> | undefined): z.ZodType | undefined {
  if (!data) return undefined;
  try {
    return z.fromJSONSchema(data);
  } catch {
    return undefined;
  }
}

function describeInput(schema: Record<string, unknown> | undefined): string {
  const { properties, required } = z
    .object({
      properties: z.record(z.string(), z.looseObject({ type: z.string().optional() })),
      required: z.array(z.string()).optional(),
    })
    .catch({ properties: {} })
    .parse(schema);
  const known = Object.entries(properties).filter(([name]) => isPlain(name));
  const fields = known
    .slice(0, MOST_NAMED)
    .map(([name, { type }]) => `${name}${required?.includes(name) ? '' : '?'}${type ? ` (${type})` : ''}`);
  return fields.join(', ') || 'any JSON object';
}

/** True for a name that may be shown. An unknown author may have chosen it, and a model could follow a name that reads like a sentence. */
function isPlain(name: string): boolean {
  return /^[\w.:-]{1,100}$/.test(name);
}
