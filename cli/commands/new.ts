import { existsSync } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { Argument } from 'commander';
import { kebabCase } from '../../core/discover.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { type CommandContext, defineCommand } from '../command.ts';
import { extension, importPath, isWithin, modulePath, program } from '../module-path.ts';
import { nodeTestSource, vitestSource, workerSource } from '../templates.ts';

export default defineCommand({
  groups: [],
  configure(command) {
    command
      .addArgument(new Argument('<kind>', 'what to write').choices(['worker']))
      .argument('<name>', 'name of the task type: charge_card, or charge-card')
      .option(
        '--tasks-dir <folder>',
        'where to write it [TASKS_DIR]; default: workers/tasks/ of this checkout, or of the folder you are in',
      )
      .addHelpText(
        'after',
        '\nWrites a task with its worker, and a test that runs it without a server. Nothing is overwritten.',
      );
  },
  run: (context) => newWorker(context),
});

async function newWorker({ config, args, print, note }: CommandContext): Promise<void> {
  const name = taskName(args[1] ?? '');
  const place = placeOf(name, config.tasksDir);
  for (const file of [place.worker, place.test]) {
    if (existsSync(file)) throw exists(file);
  }
  // Node resolves imports from where a file really is, links followed.
  const worker = await realPlace(place.worker);
  const test = await realPlace(place.test);
  const imports = {
    contract: importPath(worker, modulePath('core/contract')),
    worker: importPath(test, worker),
    harness: importPath(test, modulePath('workers/testing/harness')),
  };
  await write(place.worker, workerSource(name, imports));
  await write(place.test, (place.shipped ? vitestSource : nodeTestSource)(name, imports));
  print(shown(place.worker));
  print(shown(place.test));
  if (place.guessed) note(`Written below the folder you are in; --tasks-dir chooses another one.`);
  for (const line of nextSteps(name, place)) note(line);
}

/** Snake case, as Conductor's own names of task types are. */
function taskName(given: string): string {
  if (/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(given)) return given.replaceAll('-', '_');
  const proposal = kebabCase(given)
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^[_0-9]+|_+$/g, '');
  const remedy = proposal === '' ? 'Write it like charge_card.' : `Write it like charge_card: ${proposal}.`;
  throw new FleetError('input', `${JSON.stringify(given)} is no name for a task type.`, { remedy });
}

interface Place {
  worker: string;
  test: string;
  /** In the folder of the shipped workers, whose tests have a folder of their own. */
  shipped: boolean;
  /** Nobody said where. */
  guessed: boolean;
}

function placeOf(name: string, tasksDir: string | undefined): Place {
  const shippedTasks = join(program, 'workers/tasks');
  const isCheckout = extension === '.ts' && isWithin(resolve('.'), program);
  const folder = resolve(tasksDir ?? (isCheckout ? shippedTasks : 'workers/tasks'));
  const stem = kebabCase(name);
  const shipped = extension === '.ts' && folder === shippedTasks;
  const test = shipped ? join(program, 'test/unit', `${stem}.test.ts`) : join(folder, `${stem}.test.ts`);
  return { worker: join(folder, `${stem}.ts`), test, shipped, guessed: tasksDir === undefined && !isCheckout };
}

async function realPlace(file: string): Promise<string> {
  try {
    await mkdir(dirname(file), { recursive: true });
    return join(await realpath(dirname(file)), basename(file));
  } catch (cause) {
    throw new FleetError('environment', `Cannot write to ${shown(dirname(file))}: ${messageOf(cause)}`, { cause });
  }
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' });
  } catch (cause) {
    if (existsSync(file)) throw exists(file);
    throw new FleetError('environment', `Cannot write ${shown(file)}: ${messageOf(cause)}`, { cause });
  }
}

function exists(file: string): FleetError {
  return new FleetError('conflict', `${shown(file)} is there already.`, {
    remedy: 'Choose another name, or remove the file first.',
  });
}

/** As one would type it here. */
function shown(file: string): string {
  const path = relative('', file);
  return path.startsWith('..') ? file : path;
}

function nextSteps(name: string, { worker, test, shipped }: Place): string[] {
  const folder = shipped ? '' : ` --tasks-dir ${shown(dirname(worker)) || '.'}`;
  const runTest = shipped ? `npx vitest run --project unit test/unit/${basename(test)}` : `node --test ${shown(test)}`;
  return [
    'Next:',
    ...(findsZod(worker) ? [] : ['  npm install zod                          the schemas; it is not found from there']),
    `  ${runTest}${shipped ? '' : '   (Node 24 or newer)'}`,
    `  fleet apply${folder}`,
    `  fleet work --watch --only ${name}${folder}`,
  ];
}

function findsZod(file: string): boolean {
  try {
    createRequire(file).resolve('zod');
    return true;
  } catch {
    return false;
  }
}
