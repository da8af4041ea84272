import { z } from 'zod';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { defineTool } from '../define.ts';
import { definitionVersion, jsonObject } from '../fields.ts';
import { callOf } from '../text.ts';

const DEFINITION_LIMIT = 100_000;

const workflowName = z
  .string()
  .refine((name) => /^[A-Za-z0-9_-]{1,100}$/.test(name), 'must be 1 to 100 letters, digits, _ or -');

export default defineTool({
  name: 'create_workflow',
  title: 'Create workflow',
  description: 'Validates and registers, or updates, a workflow definition.',
  toolset: 'author',
  byDefault: true,
  permission: 'workflows:write',
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: workflowName.describe('Letters, digits, _ and -'),
    description: z.string().max(500).optional().describe('Its purpose'),
    tasks: z.array(z.looseObject({})).describe('Conductor tasks: name, taskReferenceName, type…'),
    version: definitionVersion.default(1).describe('Its version'),
    inputParameters: z.array(z.string()).optional().describe('Names of inputs'),
    outputParameters: jsonObject.optional().describe('Output, values like ${ref.output.id}'),
    timeoutSeconds: z.int().min(0).optional().describe('Longest run'),
    failureWorkflow: z.string().optional().describe('Started when it fails'),
    overwrite: z.boolean().default(false).describe('Replace if it exists'),
  }),
  output: z.object({ name: z.string(), version: z.int() }),
}).handler(async ({ overwrite, ...wanted }, { conductor }) => {
  const def = definitionOf(wanted);
  await conductor.validateWorkflowDef(def);
  if (overwrite) await conductor.putWorkflowDef(def);
  else await createNew(() => conductor.createWorkflowDef(def), def);

  const { name, version, tasks } = def;
  const start = callOf('execute_workflow', { name, version, input: {} });
  return {
    text: `Registered ${name} version ${version} (${count(tasks.length, 'task')}). Start it: ${start}`,
    structured: { name, version },
  };
});

interface Wanted {
  name: string;
  version: number;
  description?: string | undefined;
  tasks: Record<string, unknown>[];
  inputParameters?: string[] | undefined;
  outputParameters?: Record<string, unknown> | undefined;
  timeoutSeconds?: number | undefined;
  failureWorkflow?: string | undefined;
}

function definitionOf({ tasks, ...rest }: Wanted): WorkflowDef {
  const def = {
    ...rest,
    schemaVersion: 2,
    tasks,
    // The server's own policy would let a time-out pass without an effect.
    ...(rest.timeoutSeconds && { timeoutPolicy: 'TIME_OUT_WF' }),
  } as WorkflowDef; // the server is the judge of the tasks' shape and is asked first
  const size = JSON.stringify(def).length;
  if (size > DEFINITION_LIMIT) {
    throw new FleetError('input', `The definition has ${size} characters; ${DEFINITION_LIMIT} is the most.`, {
      remedy: 'Split it: move a part into a workflow of its own and call that with a SUB_WORKFLOW task.',
    });
  }
  return def;
}

async function createNew(create: () => Promise<void>, { name, version }: WorkflowDef): Promise<void> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'conflict')) throw error;
    throw new FleetError('conflict', `${name} version ${version} exists already and was not changed.`, {
      remedy: `Call create_workflow with "version":${version + 1} for a new version, or with "overwrite":true to replace this one.`,
      cause: error,
    });
  }
}
