import { join, resolve } from 'node:path';
import { kebabCase } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { getTemplate, listTemplates, templateFiles } from '../../workflows/templates/registry/registry.ts';
import type { CommandContext } from '../define-command.ts';
import { importPath, isInsideCheckout, modulePath, programFolder } from '../installation.ts';
import { findsZod, realPlace, refuseExisting, shown, write } from './new-file.ts';

/** `fleet new workflow`: the files of a template under a name of the user's own. */
export async function newWorkflow(
  { config, print, note }: CommandContext,
  given: string,
  template: string,
): Promise<void> {
  const name = workflowName(given);
  const place = placeOf(config.workflowsDir);
  const files = (await templateFiles(template, name)).map((file) => ({
    ...file,
    path: join(place.folder, file.folder, file.name),
  }));
  refuseExisting(files.map(({ path }) => path));
  for (const { path, text } of files) {
    const real = await realPlace(path);
    await write(
      path,
      text((module) => importPath(real, modulePath(module))),
    );
    print(shown(path));
  }
  if (place.guessed) note('Written below the folder you are in; --workflows-dir chooses another one.');
  for (const line of await nextSteps(name, template, place)) note(line);
}

/** `fleet new workflow --list`. */
export async function listed({ print }: CommandContext, json: boolean): Promise<void> {
  const templates = await listTemplates();
  if (json) return print(JSON.stringify(templates, null, 2));
  const width = Math.max(...templates.map(({ name }) => name.length)) + 2;
  for (const { name, title, description, whenToUse } of templates) {
    print(`${name.padEnd(width)}${title}`);
    print(`${' '.repeat(width)}${description}`);
    print(`${' '.repeat(width)}When: ${whenToUse}`);
  }
}

/** As the shipped workflows are called: `OrderReport`, also after a prefix: `team_OrderReport`. `order-report` and `order_report` become that. */
function workflowName(given: string): string {
  if (/^([a-z][a-z0-9]*_)?[A-Z][A-Za-z0-9_]*$/.test(given) && given.length <= 100) return given;
  const pascal = given
    .replace(/^[^A-Za-z]+/, '')
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
    .slice(0, 100);
  if (/^[a-z][a-z0-9]*([_-][a-z0-9]+)*$/.test(given) && given.length <= 100) return pascal;
  const remedy = pascal === '' ? 'Write it like OrderReport.' : `Write it like OrderReport: ${pascal}.`;
  throw new FleetError('input', `${JSON.stringify(given)} is no name for a workflow.`, { remedy });
}

interface Place {
  /** With `definitions/` below it. */
  folder: string;
  /** The shipped workflows' own. */
  shipped: boolean;
  /** Nobody said where. */
  guessed: boolean;
}

function placeOf(workflowsDir: string | undefined): Place {
  const shippedFolder = join(programFolder, 'workflows');
  const inside = isInsideCheckout();
  const folder = resolve(workflowsDir ?? (inside ? shippedFolder : 'workflows'));
  const shipped = inside && folder === shippedFolder;
  return { folder, shipped, guessed: workflowsDir === undefined && !inside };
}

async function nextSteps(name: string, template: string, { folder, shipped }: Place): Promise<string[]> {
  const { tasks, exampleInput } = await getTemplate(template);
  const flag = shipped ? '' : ` --workflows-dir ${shown(folder) || '.'}`;
  const workers = tasks.filter(({ kind }) => kind === 'task').map((task) => task.name);
  const definition = join(folder, 'definitions', `${kebabCase(name)}.ts`);
  const command = (text: string, why: string) => `  ${text.padEnd(60)}${why}`;
  return [
    'Next:',
    ...(findsZod(definition) ? [] : [command('npm install zod', 'the schemas; it is not found from there')]),
    command(`fleet lint ${shown(definition)}`, 'what the server would refuse, and what it would not tell'),
    command(`fleet test ${name}${flag}`, 'its dry runs, on the server'),
    command(`fleet apply${flag}`, 'shows what changes on the server, and does it'),
    ...(workers.length === 0 ? [] : [command(`fleet work --only ${workers.join(',')}`, 'the workers it needs')]),
    `  fleet run ${name} --input '${JSON.stringify(exampleInput)}' --wait`,
  ];
}
