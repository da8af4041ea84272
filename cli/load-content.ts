import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../core/config.ts';
import { nameUsedTwice, withCompanions } from '../core/content/companions.ts';
import { discover, discoverModules, type Found } from '../core/content/discover.ts';
import {
  type EventHandler,
  isEventHandler,
  isSchedule,
  isWorker,
  isWorkflow,
  type Schedule,
  type Worker,
  type WorkerSettings,
  type Workflow,
  type WorkflowSettings,
} from '../core/contract.ts';
import { FleetError } from '../core/errors.ts';
import { modelProvider } from '../core/settings/model-provider.ts';
import type { Content } from '../workflows/manage/content-definitions.ts';
import { isScenarios, type Scenarios } from '../workflows/scenario/define-scenarios.ts';
import { mayBeMissing } from './project.ts';

const SHIPPED_TASKS = new URL('../workers/tasks/', import.meta.url);

/** Every worker of the configured folder, else of `workers/tasks/`. */
export async function loadWorkers({ tasksDir }: Partial<Pick<Config, 'tasksDir'>> = {}): Promise<Worker[]> {
  if (tasksDir !== undefined && isMissing(tasksDir)) return [];
  const folder = tasksDir === undefined ? SHIPPED_TASKS : pathToFileURL(`${resolve(tasksDir)}/`);
  const found = await discoverModules(folder, isWorker, 'worker (defineTask(…).worker(…))');
  return found.map(({ value, module }) => ({ ...value, module }));
}

/** Every task, workflow, schedule and event handler of this configuration. */
export async function loadContent(config: Config): Promise<Required<Content>> {
  const [tasks, workflows, schedules, eventHandlers] = await Promise.all([
    loadWorkers(config),
    loadWorkflows(config),
    loadSchedules(config),
    loadEventHandlers(config),
  ]);
  return { tasks, workflows, schedules, eventHandlers };
}

type WorkflowsDir = Partial<Pick<Config, 'workflowsDir'>>;

/** Every workflow of `definitions/` in the configured folder, else in `workflows/`, each with its companions. */
export async function loadWorkflows(config: WorkflowsDir = {}): Promise<Workflow[]> {
  if (hasNoDefinitions(config)) return [];
  const found = await discover(folderOf(config, 'definitions'), isWorkflow, 'workflow (defineWorkflow(…).build(…))');
  const twice = nameUsedTwice(found);
  if (twice === undefined) return withCompanions(found);
  throw new FleetError('config', `Two workflows have the name "${twice}", but each workflow needs a name of its own.`, {
    remedy: 'Rename one of them.',
  });
}

/** The scenarios beside those definitions, from files named `<name of the workflow>.scenario.ts`. */
export async function loadScenarios(config: WorkflowsDir = {}): Promise<Scenarios[]> {
  if (hasNoDefinitions(config)) return [];
  const what = 'set of scenarios (defineScenarios(…))';
  const found = await discoverModules(folderOf(config, 'definitions'), isScenarios, what, '.scenario');
  return found.map(({ value }) => value);
}

/** The workflows of a folder of definitions, each with its module and without companions. Empty if the folder is missing. */
export async function findWorkflows(folder: string): Promise<Found<Workflow>[]> {
  if (!existsSync(folder)) return [];
  return discoverModules(pathToFileURL(`${resolve(folder)}/`), isWorkflow, 'workflow (defineWorkflow(…).build(…))');
}

/** Every schedule of `schedules/` beside the definitions. Empty if the folder is missing. */
export async function loadSchedules(config: WorkflowsDir = {}): Promise<Schedule[]> {
  const folder = folderOf(config, 'schedules');
  return existsSync(folder) ? discover(folder, isSchedule, 'schedule (defineSchedule(…))') : [];
}

/** Every event handler of `event-handlers/` beside the definitions. Empty if the folder is missing. */
export async function loadEventHandlers(config: WorkflowsDir = {}): Promise<EventHandler[]> {
  const folder = folderOf(config, 'event-handlers');
  return existsSync(folder) ? discover(folder, isEventHandler, 'event handler (defineEventHandler(…).start(…))') : [];
}

function hasNoDefinitions({ workflowsDir }: WorkflowsDir): boolean {
  return workflowsDir !== undefined && isMissing(workflowsDir, 'definitions');
}

/** True for a folder of a project that the project does not have. A missing folder that the user names is a mistake. */
function isMissing(folder: string, part = ''): boolean {
  return mayBeMissing(folder) && !existsSync(resolve(folder, part));
}

function folderOf({ workflowsDir }: WorkflowsDir, name: string): URL {
  if (workflowsDir === undefined) return new URL(`../workflows/${name}/`, import.meta.url);
  return pathToFileURL(`${resolve(workflowsDir, name)}/`);
}

/** The settings that workflow inputs may take as defaults. */
export function workflowSettings(config: Config): WorkflowSettings {
  const { conductorName, model } = modelProvider(config);
  return { shopUrl: config.shopUrl, llmProvider: conductorName, llmModel: model };
}

/** The settings that workers may read. */
export function workerSettings({ shopUrl, filesRoot, outputDir }: Config): WorkerSettings {
  return { shopUrl, filesRoot, outputDir };
}
