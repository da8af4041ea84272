import type { TaskDef } from '../../core/conductor/types.ts';
import { withCompanions } from '../../core/content/companions.ts';
import { kebabCase } from '../../core/content/discover.ts';
import { inputSchemaOf, outputSchemaOf, type Workflow } from '../../core/contract.ts';
import { settings } from '../../core/settings/settings.ts';
import { drawDefinition } from '../../workflows/diagram/draw.ts';
import { toMermaid } from '../../workflows/diagram/to-mermaid.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { walk } from '../../workflows/model/walk.ts';
import { exampleOf, type Field, fieldsOf } from '../printing/schema-fields.ts';

/** The pages of `docs/workflows/`: one page per workflow, and one page that lists all workflows. */
export function workflowPages(workflows: readonly Workflow[]): { name: string; text: string }[] {
  const all = withCompanions(workflows).sort((a, b) => (a.name < b.name ? -1 : 1));
  return [
    { name: 'README.md', text: overview(all) },
    ...all.map((workflow) => ({ name: `${workflow.name}.md`, text: page(workflow, all) })),
  ];
}

/** The example input that the page of a workflow shows. */
export function exampleInput({ input }: Workflow): Record<string, unknown> {
  return exampleOf(inputSchemaOf(input));
}

function overview(workflows: readonly Workflow[]): string {
  const rows = workflows.map(
    ({ name, version, description }) => `| [${name}](${name}.md) | ${version} | ${cell(description)} |`,
  );
  return [
    '# Workflows',
    '',
    'Each page shows one of the shipped workflows: its picture, its input and output, its tasks and how to run it.',
    '',
    '`npm run docs` makes these pages from `workflows/definitions/`; do not edit them.',
    '',
    ...table(['workflow', 'version', 'what it does'], rows),
    '',
    '`fleet diagram NAME` draws a workflow in the terminal, and `fleet diagram ID` draws an execution.',
    '',
  ].join('\n');
}

function page(workflow: Workflow, all: readonly Workflow[]): string {
  const { name, description, input, output, def } = workflow;
  return [
    `# ${name}`,
    '',
    `\`npm run docs\` makes this page from ${sourceOf(workflow, all)}; do not edit it.`,
    '',
    description,
    '',
    ...factsOf(workflow, all),
    '',
    '```mermaid',
    toMermaid(drawDefinition(def)),
    '```',
    '',
    '## Input',
    '',
    ...fieldsTable(fieldsOf(inputSchemaOf(input)), 'The workflow takes no input.'),
    '',
    '## Output',
    '',
    ...outputTable(fieldsOf(outputSchemaOf(output))),
    '',
    '## Tasks',
    '',
    ...tasksTable(workflow),
    '',
    '## Run it',
    '',
    ...(startersOf(workflow, all).length > 0 ? ['Conductor starts this workflow by itself. To try it alone:', ''] : []),
    '```sh',
    `fleet run ${name} --wait --input '${JSON.stringify(exampleInput(workflow)).replaceAll("'", "'\\''")}'`,
    '```',
    '',
  ].join('\n');
}

function sourceOf({ name }: Workflow, all: readonly Workflow[]): string {
  const maker = all.find(({ companions }) => companions?.some((companion) => companion.name === name));
  return `\`workflows/definitions/${kebabCase(maker?.name ?? name)}.ts\``;
}

/** The workflows that start the given workflow when they fail. */
function startersOf({ name }: Workflow, all: readonly Workflow[]): Workflow[] {
  return all.filter(({ def }) => def.failureWorkflow === name);
}

function factsOf(workflow: Workflow, all: readonly Workflow[]): string[] {
  const { version, def } = workflow;
  const link = (other: string) => (all.some((one) => one.name === other) ? `[${other}](${other}.md)` : `\`${other}\``);
  const starters = startersOf(workflow, all).map((other) => link(other.name));
  const { timeoutSeconds: limit } = def;
  return [
    `- Version ${version}.`,
    limit ? `- An execution times out after ${limit} s.` : '- An execution has no time limit.',
    ...(def.failureWorkflow ? [`- When an execution fails, Conductor starts ${link(def.failureWorkflow)}.`] : []),
    ...(starters.length > 0 ? [`- Conductor starts this workflow when ${starters.join(' or ')} fails.`] : []),
  ];
}

function fieldsTable(fields: readonly Field[], none: string): string[] {
  if (fields.length === 0) return [none];
  const rows = fields.map(({ name, type, required, default: value, setting, meaning }) => {
    const shown = value === undefined ? '' : code(JSON.stringify(value));
    const about = [...(meaning ? [meaning] : []), ...(setting ? [settingText(setting)] : [])].join('; ');
    return `| ${code(name)} | ${cell(type)} | ${required ? 'yes' : 'no'} | ${shown} | ${cell(about)} |`;
  });
  return table(['name', 'type', 'required', 'default', 'meaning'], rows);
}

function settingText(setting: string): string {
  const known = Object.hasOwn(settings, setting) ? settings[setting as keyof typeof settings] : undefined; // `Object.hasOwn` has checked the name
  return known ? `the default is the value of \`${known.env}\` at registration` : 'the default is set at registration';
}

function outputTable(fields: readonly Field[]): string[] {
  if (fields.length === 0) return ['The workflow has no output.'];
  const rows = fields.map(
    ({ name, type, required, meaning }) =>
      `| ${code(name)} | ${cell(type)} | ${required ? 'yes' : 'no'} | ${cell(meaning)} |`,
  );
  return table(['name', 'type', 'always present', 'meaning'], rows);
}

function tasksTable({ def, tasks }: Workflow): string[] {
  const places = [...walk(def.tasks)].map(({ task: { taskReferenceName, type, name } }) => ({
    ref: code(taskReferenceName),
    type,
    contract: tasks.find((contract) => contract.name === name),
  }));
  const forked = tasks
    .filter((contract) => !places.some((place) => place.contract === contract))
    .map((contract) => ({ ref: '', type: 'in the branches of a dynamic fork', contract }));
  const rows = [...places, ...forked].map(({ ref, type, contract }) => {
    const limits = contract ? toTaskDef(contract) : undefined;
    return [
      '',
      ref,
      type,
      ...(contract && limits
        ? [code(contract.name), cell(contract.description), retriesOf(limits), limitOf(limits)]
        : ['', '', '', '']),
      '',
    ]
      .join(' | ')
      .trim();
  });
  return table(['task', 'type', 'task definition', 'what it does', 'retries', 'time limits'], rows);
}

/** Number and delays of the retries, e.g. `3, after 2, 4, 8 s`. */
export function retriesOf(def: TaskDef): string {
  const { retryCount = 3 } = def;
  if (retryCount === 0) return 'none';
  const delay = number(def.retryDelaySeconds, 60);
  const most = number(def.maxRetryDelaySeconds, 0) || Number.POSITIVE_INFINITY;
  const delays = Array.from({ length: Math.min(retryCount, 6) }, (_, attempt) => {
    if (def.retryLogic === 'EXPONENTIAL_BACKOFF') return delay * 2 ** attempt;
    if (def.retryLogic === 'LINEAR_BACKOFF') return delay * number(def.backoffScaleFactor, 1) * (attempt + 1);
    return delay;
  }).map((seconds) => Math.min(seconds, most));
  return `${retryCount}, after ${delays.join(', ')}${retryCount > delays.length ? ', …' : ''} s`;
}

function limitOf({ timeoutSeconds = 0, responseTimeoutSeconds = 3600 }: TaskDef): string {
  const lease = `lease ${responseTimeoutSeconds} s`;
  return timeoutSeconds > 0 ? `attempt ${timeoutSeconds} s, ${lease}` : lease;
}

function number(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise;
}

function table(headings: readonly string[], rows: readonly string[]): string[] {
  return [`| ${headings.join(' | ')} |`, `| ${headings.map(() => '---').join(' | ')} |`, ...rows];
}

function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``;
}
