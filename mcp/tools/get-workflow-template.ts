import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { createCall } from '../authoring/create-call.ts';
import { defineTool } from '../engine/define-tool.ts';
import { jsonObject } from '../shared/fields.ts';
import { callOf, quote } from '../shared/quote.ts';

export default defineTool({
  name: 'get_workflow_template',
  title: 'Workflow templates',
  description:
    'Ready-made examples to begin a new workflow with: proven patterns such as resilient_http, compensation (saga), parallel_fan_out, approval and ai_agent. Without name the list of templates; with name its definition to copy, as JSON ready to register or as TypeScript.',
  toolset: 'author',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: z.string().min(1).max(100).optional().describe('Name of a template from the list'),
    format: z.enum(['json', 'typescript']).default('json').describe('json or typescript'),
  }),
  output: z.object({
    templates: z.array(z.object({ name: z.string(), title: z.string(), whenToUse: z.string() })).optional(),
    name: z.string().optional(),
    definitions: z.array(jsonObject).optional(),
    taskDefinitions: z.array(jsonObject).optional(),
    source: z.string().optional(),
    exampleInput: jsonObject.optional(),
  }),
}).handler(async ({ name, format }, { maxResponseBytes }) => {
  const { getTemplate, listTemplates } = await import('../../workflows/templates/registry/templates.ts');
  if (name === undefined) {
    const templates = (await listTemplates()).map(({ name: key, title, whenToUse }) => ({
      name: key,
      title,
      whenToUse,
    }));
    const rows = templates.map((one) => `${one.name} | ${one.title} | ${one.whenToUse}`);
    const next = `To see one: ${callOf('get_workflow_template', { name: templates[0]?.name })}`;
    return { text: ['name | what | when', ...rows, next].join('\n'), structured: { templates } };
  }
  const template = await find(() => getTemplate(name), name);
  const { exampleInput } = template;
  const head = [`${template.title} (${template.name}). ${template.description}`, `For: ${template.whenToUse}`];
  const start = callOf('execute_workflow', { name: template.definition.name, input: exampleInput });
  if (format === 'typescript') {
    const { source } = template;
    const text = [
      ...head,
      'Save this as a file in workflows/definitions/:',
      source,
      `Register it with \`${fleetCommand} apply\`, then start it: ${start}`,
    ];
    return { text: text.join('\n'), structured: { name: template.name, source, exampleInput } };
  }
  const { toTaskDef } = await import('../../workflows/manage/task-def.ts');
  const taskDefinitions = template.contracts.map((contract) => withoutSchemas(toTaskDef(contract)));
  const definitions = [...template.companions, template.definition];
  const workers = template.tasks.filter(({ kind }) => kind === 'task').map((task) => task.name);
  const lines = [
    ...head,
    ...(workers.length > 0 ? [`Needs workers for ${workers.join(', ')}.`] : []),
    'Change these as you need, then register them in this order:',
    ...taskDefinitions.map(taskCall),
    ...definitions.map(
      (def) => createCall(def, { overwrite: false }, maxResponseBytes / 3) ?? `${def.name}: too long to show.`,
    ),
    `Start it: ${start}`,
  ];
  return {
    text: lines.join('\n'),
    structured: { name: template.name, definitions, taskDefinitions, exampleInput },
  };
});

type Json = Record<string, unknown> & { name: string };

/** Leaves out the schemas: they are long, and the server never reads them. */
function withoutSchemas({ inputSchema: _, outputSchema: __, ...def }: Json): Json {
  return def as Json;
}

/** Parameters of `create_task_definition`; other fields go into its `settings`. */
const PARAMETERS = [
  'name',
  'description',
  'retryCount',
  'retryLogic',
  'retryDelaySeconds',
  'timeoutSeconds',
  'responseTimeoutSeconds',
];

function taskCall(def: Json): string {
  const isOwn = ([key]: [string, unknown]) => PARAMETERS.includes(key);
  const fields = Object.entries(def);
  const settings = Object.fromEntries(fields.filter((field) => !isOwn(field)));
  return callOf('create_task_definition', {
    ...Object.fromEntries(fields.filter(isOwn)),
    ...(Object.keys(settings).length > 0 && { settings }),
  });
}

async function find<T>(get: () => Promise<T>, name: string): Promise<T> {
  try {
    return await get();
  } catch (error) {
    if (!(error instanceof FleetError && error.code === 'not-found')) throw error;
    throw new FleetError('not-found', `There is no template named ${quote(name, 100)}.`, {
      remedy: `See all: ${callOf('get_workflow_template', {})}`,
      cause: error,
    });
  }
}
