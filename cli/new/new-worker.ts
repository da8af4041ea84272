import { basename, dirname, join, resolve } from 'node:path';
import { kebabCase } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import type { CommandContext } from '../define-command.ts';
import {
  canImportPackage,
  importPath,
  isCheckout,
  isInsideCheckout,
  programFolder,
  withEntryImport,
} from '../installation.ts';
import { shownPath } from '../printing/shown-path.ts';
import { mayBeMissing } from '../project.ts';
import { INSTALL_HINT, realPlace, refuseExisting, write } from './new-file.ts';
import { nodeTestSource, vitestSource, workerSource } from './worker-source.ts';

/** `fleet new worker`: writes a task with its worker, and a test. */
export async function newWorker({ config, print, note }: CommandContext, given: string): Promise<void> {
  const name = taskName(given);
  const place = placeOf(name, config.tasksDir);
  refuseExisting([place.worker, place.test]);
  const worker = await realPlace(place.worker);
  const test = await realPlace(place.test);
  const testSource = place.shipped ? vitestSource : nodeTestSource;
  await write(place.worker, withEntryImport(workerSource(name), worker));
  await write(place.test, withEntryImport(testSource(name, importPath(test, worker)), test));
  print(shownPath(place.worker));
  print(shownPath(place.test));
  if (place.guessed) note('The files are below the current folder. Choose another folder with --tasks-dir.');
  for (const line of nextSteps(name, place)) note(line);
}

/** The name of the task type in snake case. */
function taskName(given: string): string {
  if (/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(given)) return given.replaceAll('-', '_');
  const proposal = kebabCase(given)
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[_0-9]+|_+$/g, '');
  const remedy = proposal === '' ? 'Use snake case, for example "charge_card".' : `Use snake case: "${proposal}".`;
  throw new FleetError('input', `${JSON.stringify(given)} cannot be the name of a task type.`, { remedy });
}

interface Place {
  worker: string;
  test: string;
  /** True if the worker goes into the folder of the shipped workers. Its test then goes into `test/unit/`. */
  shipped: boolean;
  /** True if the worker goes into a project. Its test then goes into `test/`. */
  inProject: boolean;
  /** True if the user named no folder. */
  guessed: boolean;
}

function placeOf(name: string, tasksDir: string | undefined): Place {
  const shippedTasks = join(programFolder, 'workers/tasks');
  const inside = isInsideCheckout();
  const folder = resolve(tasksDir ?? (inside ? shippedTasks : 'workers/tasks'));
  const stem = kebabCase(name);
  const shipped = isCheckout && folder === shippedTasks;
  const inProject = tasksDir !== undefined && mayBeMissing(tasksDir);
  const tests = shipped ? join(programFolder, 'test/unit') : inProject ? resolve('test') : folder;
  const guessed = tasksDir === undefined && !inside;
  return { worker: join(folder, `${stem}.ts`), test: join(tests, `${stem}.test.ts`), shipped, inProject, guessed };
}

function nextSteps(name: string, { worker, test, shipped, inProject }: Place): string[] {
  const folder = shipped || inProject ? '' : ` --tasks-dir ${shownPath(dirname(worker))}`;
  const runTest = shipped
    ? `npx vitest run --project unit test/unit/${basename(test)}`
    : `node --test ${shownPath(test)}`;
  return [
    'Next:',
    ...(canImportPackage(worker) ? [] : [INSTALL_HINT]),
    `  ${runTest}${shipped ? '' : '   (Node 24 or newer)'}`,
    `  ${fleetCommand} apply${folder}`,
    `  ${fleetCommand} work --watch --only ${name}${folder}`,
  ];
}
