import { z } from 'zod';
import type { WorkflowDef } from '../../../core/conductor/types.ts';
import { discoverModules, type Found, kebabCase } from '../../../core/content/discover.ts';
import type { TaskContract, TaskPolicy } from '../../../core/contract.ts';
import { FleetError } from '../../../core/errors.ts';
import { isScenarios } from '../../scenario/define-scenarios.ts';
import { isTemplate, type Template } from './define-template.ts';
import { partSource, type Rename, scenarioSource, snakeCase } from './template-source.ts';
import { sourceOf, type WorkerFile, workerFiles } from './worker-files.ts';

/** The description of a template that users see when they choose one. */
export interface TemplateSummary {
  name: string;
  title: string;
  description: string;
  whenToUse: string;
}

/** A template with its source text and its definitions. */
export interface TemplateDetails extends TemplateSummary {
  /** Plain Conductor JSON. */
  definition: WorkflowDef;
  /** Workflows that are registered with the workflow, such as its failure workflow. */
  companions: WorkflowDef[];
  /** TypeScript for a file in `workflows/definitions/`. */
  source: string;
  /** The input of the first dry run of the template. */
  exampleInput: Record<string, unknown>;
  /**
   * The task definitions that the workflow uses. A `task` needs a worker. A `policy` has the retries and time limits of a task that the
   * server executes.
   */
  tasks: { name: string; description: string; kind: 'task' | 'policy' }[];
  /** The contracts and policies behind `tasks`. Registration makes the task definitions from them. */
  contracts: (TaskContract | TaskPolicy)[];
}

/** A file that is made from a template. */
export interface TemplateFile {
  /** The folder for the file, below the folder of the user's workflows. */
  folder: 'definitions' | 'schedules' | 'event-handlers';
  /** The file name, with `.ts`. */
  name: string;
  /** @param importing see `Rename` */
  text(importing: Rename['importing']): string;
}

/** Every template, by name. */
export async function listTemplates(): Promise<TemplateSummary[]> {
  return (await load()).map(({ value }) => summaryOf(value));
}

/** @throws FleetError `not-found` with the names of all templates */
export async function getTemplate(name: string): Promise<TemplateDetails> {
  const { value, module } = await find(name);
  const { workflow } = value;
  const rename: Rename = { from: workflow.name, to: workflow.name, importing: fromDefinitions };
  const contracts = [workflow, ...(workflow.companions ?? [])]
    .flatMap(({ tasks }) => tasks)
    .filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index);
  return {
    ...summaryOf(value),
    definition: workflow.def,
    companions: (workflow.companions ?? []).map(({ def }) => def),
    source: partSource(await sourceOf(module), 'workflow', rename),
    exampleInput: await exampleInputOf(module),
    tasks: contracts.map(({ name, description, kind }) => ({ name, description, kind })),
    contracts,
  };
}

/**
 * Makes the files of a workflow with this name from a template: first the definition, then its dry runs.
 * @throws FleetError `not-found` with the names of all templates
 */
export async function templateFiles(template: string, workflowName: string): Promise<TemplateFile[]> {
  const { value, module } = await find(template);
  const { workflow, schedule, eventHandler } = value;
  const stem = kebabCase(workflowName);
  const [source, scenario] = await Promise.all([sourceOf(module), sourceOf(scenarioOf(module))]);
  const rename = (importing: Rename['importing']) => ({ from: workflow.name, to: workflowName, importing });
  const beside = (folder: TemplateFile['folder'], part: 'schedule' | 'eventHandler', name: string): TemplateFile => ({
    folder,
    name: `${kebabCase(name.replace(snakeCase(workflow.name), snakeCase(workflowName)))}.ts`,
    text: (importing) => partSource(source, part, rename(importing), `../definitions/${stem}.ts`),
  });
  return [
    {
      folder: 'definitions',
      name: `${stem}.ts`,
      text: (importing) => partSource(source, 'workflow', rename(importing)),
    },
    {
      folder: 'definitions',
      name: `${stem}.scenario.ts`,
      text: (importing) => scenarioSource(scenario, rename(importing), `./${stem}.ts`),
    },
    ...(schedule ? [beside('schedules', 'schedule', schedule.name)] : []),
    ...(eventHandler ? [beside('event-handlers', 'eventHandler', eventHandler.name)] : []),
  ];
}

/** The files of the workers that a template needs. @throws FleetError `not-found` with the names of all templates */
export async function templateWorkers(template: string): Promise<WorkerFile[]> {
  return workerFiles((await find(template)).module);
}

let templates: Promise<Found<Template>[]> | undefined;

function load(): Promise<Found<Template>[]> {
  templates ??= discoverModules(new URL('../', import.meta.url), isTemplate, 'template (defineTemplate(…))');
  return templates;
}

async function find(name: string): Promise<Found<Template>> {
  const all = await load();
  const found = all.find(({ value }) => value.name === name);
  if (found) return found;
  throw new FleetError('not-found', `There is no template "${name}".`, {
    remedy: `The templates are ${all.map(({ value }) => value.name).join(', ')}.`,
  });
}

function summaryOf({ name, title, description, whenToUse }: Template): TemplateSummary {
  return { name, title, description, whenToUse };
}

function scenarioOf(module: string): string {
  return module.replace(/(\.[jt]s)$/, '.scenario$1');
}

async function exampleInputOf(module: string): Promise<Record<string, unknown>> {
  const { default: scenarios } = (await import(scenarioOf(module))) as { default?: unknown };
  const [first] = isScenarios(scenarios) ? Object.values(scenarios.scenarios) : [];
  return z.record(z.string(), z.unknown()).parse(first?.input);
}

/** The import path of a module as seen from `workflows/definitions/`. */
function fromDefinitions(module: string): string {
  return module.startsWith('workflows/') ? `../${module.slice('workflows/'.length)}.ts` : `../../${module}.ts`;
}
