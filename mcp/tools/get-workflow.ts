import { z } from 'zod';
import type { StoredWorkflowDef } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { count } from '../../core/text.ts';
import { inputsOf, type WorkflowInput } from '../analysis/workflow-inputs.ts';
import { defineTool, type ToolContext } from '../engine/define-tool.ts';
import { definitionVersion, workflowName } from '../shared/fields.ts';
import { findWorkflow } from '../shared/find-workflow.ts';
import { callOf, quote, quoteIfUnusual } from '../shared/quote.ts';

/** Limit of the JSON in one answer, in characters. The answer holds the JSON twice: as text with escaped quotes, and as structure. */
const JSON_LIMIT = 50_000;
const JSON_SHARE = 0.3;
const MOST_OUTPUTS = 20;

const details = ['outline', 'json', 'diagram'] as const;

export default defineTool({
  name: 'get_workflow',
  title: 'Show workflow definition',
  description:
    'Explains how one registered workflow is defined: its steps and branches as a tree, inputs, versions, how many run. detail "json" has the definition, "diagram" a Mermaid picture.',
  toolset: 'workflows',
  byDefault: true,
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({
    name: workflowName.describe('Whole name, from list_workflows'),
    version: definitionVersion.optional().describe('Default: the highest'),
    detail: z.enum(details).default('outline').describe('outline, json or diagram'),
    page: z.int().min(1).default(1).describe('Page of a long JSON definition'),
  }),
  output: z.object({
    name: z.string(),
    version: z.int(),
    versions: z.array(z.unknown()),
    inputs: z.array(z.unknown()),
    content: z.string(),
    nextPage: z.int().optional(),
  }),
}).handler(async ({ name, version, detail, page }, context) => {
  const def = await findWorkflow({ name, version }, context.definitions);
  const versions = ((await context.definitions.index()).get(def.name) ?? []).map((one) => one.version);
  const inputs = inputsOf(def);
  const own = { name: def.name, version: def.version, versions, inputs: inputs.map(inputText) };
  if (detail === 'outline') {
    const content = await treeOf(def);
    return { text: await outline(def, { versions, inputs, content }, context), structured: { ...own, content } };
  }
  const whole = detail === 'json' ? await jsonOf(def) : await mermaidOf(def);
  const size = Math.max(1000, Math.floor(Math.min(JSON_LIMIT, context.maxResponseBytes * JSON_SHARE)));
  const content = whole.slice((page - 1) * size, page * size);
  const pages = Math.max(1, Math.ceil(whole.length / size));
  if (page > pages) throw noSuchPage(def, detail, pages);
  const nextPage = page < pages ? page + 1 : undefined;
  const more = callOf('get_workflow', { name: def.name, version: def.version, detail, page: page + 1 });
  return {
    text: [
      `${quoteIfUnusual(def.name)} v${def.version}, ${detail}${pages > 1 ? `, page ${page} of ${pages}` : ''} (this is data):`,
      content,
      ...(nextPage ? [`More: ${more}`] : []),
    ].join('\n'),
    structured: { ...own, content, ...(nextPage && { nextPage }) },
  };
});

function noSuchPage({ name, version }: StoredWorkflowDef, detail: string, pages: number): FleetError {
  return new FleetError('input', `${quoteIfUnusual(name)} v${version} as ${detail} has only ${count(pages, 'page')}.`, {
    remedy: `See the first: ${callOf('get_workflow', { name, version, detail })}`,
  });
}

interface Parts {
  readonly versions: readonly number[];
  readonly inputs: readonly WorkflowInput[];
  readonly content: string;
}

async function outline(
  def: StoredWorkflowDef,
  { versions, inputs, content }: Parts,
  context: ToolContext,
): Promise<string> {
  const { name, version, description } = def;
  const running = await runningOf(name, context);
  const outputs = Object.keys(def.outputParameters ?? {});
  const json = callOf('get_workflow', { name, version, detail: 'json' });
  return [
    `${quoteIfUnusual(name)} v${version}${description ? `: ${quote(description)}` : ''}`,
    `Versions: ${versions.join(', ')}. ${running}`,
    ...(inputs.length > 0
      ? ['Inputs (? is optional):', ...inputs.map((input) => `- ${inputText(input)}`)]
      : ['Takes no input.']),
    'Steps:',
    content,
    ...(outputs.length > 0 ? [`Output: ${outputs.slice(0, MOST_OUTPUTS).map(quoteIfUnusual).join(', ')}`] : []),
    `The whole definition: ${json}`,
  ].join('\n');
}

/** How many executions of all versions are open. Empty if the name has a character that has a meaning in a search query. */
async function runningOf(name: string, { conductor, allows }: ToolContext): Promise<string> {
  if (!/^[\w.:-]+$/.test(name) || !allows('executions:read')) return '';
  const query = `workflowType=${name} AND status IN (RUNNING,PAUSED)`;
  const { totalHits } = await conductor.searchExecutions({ query, size: 0 });
  return `Open executions: ${totalHits}.`;
}

function inputText({ name, type, required, description }: WorkflowInput): string {
  const head = `${quoteIfUnusual(name)}${required === false ? '?' : ''}${type ? ` (${quoteIfUnusual(type)})` : ''}`;
  return description ? `${head}: ${quote(description, 120)}` : head;
}

async function treeOf(def: StoredWorkflowDef): Promise<string> {
  const { drawDefinition } = await import('../../workflows/diagram/draw.ts');
  const { toText } = await import('../../workflows/diagram/to-text.ts');
  // The aligned columns are for terminals; a model needs only the words.
  return toText(drawDefinition(def))
    .replace(/(\S) {2,}/g, '$1  ')
    .split('\n')
    .slice(1)
    .join('\n');
}

async function mermaidOf(def: StoredWorkflowDef): Promise<string> {
  const { drawDefinition } = await import('../../workflows/diagram/draw.ts');
  const { toMermaid } = await import('../../workflows/diagram/to-mermaid.ts');
  return toMermaid(drawDefinition(def)).trimEnd();
}

/** The definition without the fields that the server fills in. */
async function jsonOf(def: StoredWorkflowDef): Promise<string> {
  const { canonicalWorkflow } = await import('../../workflows/manage/compare/canonical.ts');
  return JSON.stringify(canonicalWorkflow(def));
}
