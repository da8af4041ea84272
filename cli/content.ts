import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config } from '../core/config.ts';
import {
  isWorker,
  isWorkflow,
  type Worker,
  type WorkerSettings,
  type Workflow,
  type WorkflowSettings,
} from '../core/contract.ts';
import { discover, discoverModules } from '../core/discover.ts';
import { FleetError } from '../core/errors.ts';
import { modelProvider } from '../core/model-provider.ts';

const SHIPPED_TASKS = new URL('../workers/tasks/', import.meta.url);

/** Every worker of the configured folder, or else of `workers/tasks/`. */
export async function loadWorkers({ tasksDir }: Partial<Pick<Config, 'tasksDir'>> = {}): Promise<Worker[]> {
  const folder = tasksDir === undefined ? SHIPPED_TASKS : pathToFileURL(`${resolve(tasksDir)}/`);
  const found = await discoverModules(folder, isWorker, 'worker (defineTask(…).worker(…))');
  return found.map(({ value, module }) => ({ ...value, module }));
}

/**
 * Every definition in `workflows/definitions/`, each after those that were made with it: a saga needs its compensation.
 * @throws FleetError `config` if two of them have one name
 */
export async function loadWorkflows(): Promise<Workflow[]> {
  const folder = new URL('../workflows/definitions/', import.meta.url);
  const found = await discover(folder, isWorkflow, 'workflow (defineWorkflow(…).build(…))');
  const all = found.flatMap((workflow) => [...(workflow.companions ?? []), workflow]);
  const twice = all.find(({ name }, index) => all.findIndex((other) => other.name === name) < index);
  if (twice) throw new FleetError('config', `Two workflows are called "${twice.name}", one of them made with another.`);
  return all;
}

/** What workflow inputs may default to in this deployment. */
export function workflowSettings(config: Config): WorkflowSettings {
  const { conductorName, model } = modelProvider(config);
  return { shopUrl: config.shopUrl, llmProvider: conductorName, llmModel: model };
}

/** What workers may read of the configuration. */
export function workerSettings({ shopUrl, filesRoot, outputDir }: Config): WorkerSettings {
  return { shopUrl, filesRoot, outputDir };
}
