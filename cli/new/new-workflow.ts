import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Config } from '../../core/config.ts';
import { kebabCase } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import {
  getTemplate,
  listTemplates,
  templateFiles,
  templateWorkers,
} from '../../workflows/templates/registry/templates.ts';
import type { WorkerFile } from '../../workflows/templates/registry/worker-files.ts';
import type { CommandContext } from '../define-command.ts';
import { canImportPackage, importPath, isInsideCheckout, programFolder, withEntryImport } from '../installation.ts';
import { shownPath } from '../printing/shown-path.ts';
import { mayBeMissing } from '../project.ts';
import { INSTALL_HINT, realPlace, refuseExisting, write } from './new-file.ts';

/** `fleet new workflow`: writes the files of a template, with the name that the user gave. */
export async function newWorkflow(
  { config, print, note }: CommandContext,
  given: string,
  template: string,
): Promise<void> {
  const name = workflowName(given);
  const place = placeOf(config);
  const files = (await templateFiles(template, name)).map((file) => ({
    ...file,
    path: join(place.folder, file.folder, file.name),
  }));
  refuseExisting(files.map(({ path }) => path));
  const workers = (await templateWorkers(template)).map((file) => ({ ...file, path: pathOf(file, place.tasks) }));
  const missing = workers.filter(({ path }) => !existsSync(path));
  const tasks = workers.length === 0 ? place.tasks : dirname(await realPlace(join(place.tasks, 'any.ts')));
  for (const { path, text } of files) {
    const real = await realPlace(path);
    const importing = (worker: string) => importPath(real, join(tasks, `${basename(worker)}.ts`));
    await write(path, withEntryImport(text(importing), real));
    print(shownPath(path));
  }
  for (const { path, text } of missing) {
    await write(path, withEntryImport(text, await realPlace(path)));
    print(shownPath(path));
  }
  if (place.guessed) note('The files are below the current folder. Choose another folder with --workflows-dir.');
  for (const line of await nextSteps(name, template, place)) note(line);
}

/** `fleet new workflow --list`. */
export async function printTemplates({ print }: CommandContext, json: boolean): Promise<void> {
  const templates = await listTemplates();
  if (json) return print(JSON.stringify(templates, null, 2));
  const width = Math.max(...templates.map(({ name }) => name.length)) + 2;
  for (const { name, title, description, whenToUse } of templates) {
    print(`${name.padEnd(width)}${title}`);
    print(`${' '.repeat(width)}${description}`);
    print(`${' '.repeat(width)}When to use it: ${whenToUse}`);
  }
}

/** The name as in the shipped workflows: `OrderReport`, or with a prefix `team_OrderReport`. `order-report` becomes `OrderReport`. */
function workflowName(given: string): string {
  if (/^([a-z][a-z0-9]*_)?[A-Z][A-Za-z0-9_]*$/.test(given) && given.length <= 100) return given;
  const pascal = given
    .replace(/^[^A-Za-z]+/, '')
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .slice(0, 100);
  if (/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(given) && given.length <= 100) return pascal;
  const remedy = pascal === '' ? 'Use Pascal case, for example "OrderReport".' : `Use Pascal case: "${pascal}".`;
  throw new FleetError('input', `${JSON.stringify(given)} cannot be the name of a workflow.`, { remedy });
}

interface Place {
  /** The folder that holds `definitions/`. */
  folder: string;
  /** The folder of tasks. */
  tasks: string;
  /** True if the other commands read this folder without a flag. */
  isDefault: boolean;
  /** True if the user named no folder. */
  guessed: boolean;
}

function placeOf({ workflowsDir, tasksDir }: Pick<Config, 'workflowsDir' | 'tasksDir'>): Place {
  const shippedFolder = join(programFolder, 'workflows');
  const inside = isInsideCheckout();
  const folder = resolve(workflowsDir ?? (inside ? shippedFolder : 'workflows'));
  const tasks = resolve(tasksDir ?? (inside ? join(programFolder, 'workers/tasks') : 'workers/tasks'));
  const isDefault = workflowsDir !== undefined ? mayBeMissing(workflowsDir) : inside && folder === shippedFolder;
  return { folder, tasks, isDefault, guessed: workflowsDir === undefined && !inside };
}

/** Where the user has a file of workers: a task in the folder of tasks, `shared/` beside that folder. */
function pathOf({ path }: WorkerFile, tasks: string): string {
  return path.startsWith('tasks/') ? join(tasks, basename(path)) : join(tasks, '..', path);
}

async function nextSteps(name: string, template: string, { folder, isDefault }: Place): Promise<string[]> {
  const { tasks, exampleInput } = await getTemplate(template);
  const flag = isDefault ? '' : ` --workflows-dir ${shownPath(folder)}`;
  const workers = tasks.filter(({ kind }) => kind === 'task').map((task) => task.name);
  const definition = join(folder, 'definitions', `${kebabCase(name)}.ts`);
  const steps: [command: string, why: string][] = [
    [`lint ${shownPath(definition)}`, 'find mistakes before the server does'],
    [`test ${name}${flag}`, 'run its scenarios as dry runs on the server'],
    [`apply${flag}`, 'show the changes, ask, and register the workflow'],
    ...(workers.length === 0
      ? []
      : [[`work --only ${workers.join(',')}`, 'start the workers that it needs'] satisfies [string, string]]),
  ];
  const width = Math.max(...steps.map(([command]) => command.length)) + 2;
  return [
    'Next:',
    ...(canImportPackage(definition) ? [] : [INSTALL_HINT]),
    ...steps.map(([command, why]) => `  ${fleetCommand} ${command.padEnd(width)}${why}`),
    `  ${fleetCommand} run ${name} --input '${JSON.stringify(exampleInput)}' --wait`,
  ];
}
