import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { StoredWorkflowDef, WorkflowTask } from '../../core/conductor/types.ts';
import { kebabCase } from '../../core/content/discover.ts';
import { FleetError } from '../../core/errors.ts';
import { isObject } from '../../core/json.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { count } from '../../core/text.ts';
import * as policies from '../../workflows/dsl/policies.ts';
import { walk } from '../../workflows/model/walk.ts';
import { quoted } from '../../workflows/pull/code/literals.ts';
import { knownFrom, type Shipped } from '../../workflows/pull/known.ts';
import { type Pull, type Pulled, pullSources } from '../../workflows/pull/pull.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { withConductor } from '../connect.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';
import { entryImport, importPath, isCheckout, isInsideCheckout, isWithin, programFolder } from '../installation.ts';
import { findWorkflows, loadWorkers, workflowSettings } from '../load-content.ts';
import { realPlace, refuseExisting, write } from '../new/new-file.ts';
import { shownPath } from '../printing/shown-path.ts';

const optionsSchema = z.object({
  out: z.string().min(1).optional(),
  stdout: z.boolean().default(false),
  force: z.boolean().default(false),
  recursive: z.boolean().default(false),
});

export default defineCommand({
  groups: ['conductor', 'server', 'content'],
  configure(command) {
    command
      .argument('<name[:version]...>', 'Names of workflow definitions on the server. Default version: the highest.')
      .option('--out <file>', 'File to write. Default: named after the workflow, in the folder of definitions.')
      .option('--stdout', 'Print the source and write nothing.')
      .option('--force', 'Overwrite a file that exists.')
      .option('--recursive', 'First pull the called workflows that are not in the folder yet.')
      .addHelpText(
        'after',
        `
Writes builder calls that make exactly the stored definition. Before the command writes a file, it compares the definition that the
file would register with the definition on the server. It also checks the types if the folder has TypeScript.
If no builder call can express a task, the file holds the task as plain JSON (\`wf.json\`). If the folder of tasks has a worker for a
task, the file imports the worker. Any other task gets a contract that is made from its task definition.

Examples:
  fleet pull OrderProcessing                 write definitions/order-processing.ts
  fleet pull OrderProcessing:2 --stdout      print the source of version 2`,
      );
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'pull');
    if (options.stdout && (options.out !== undefined || options.recursive)) {
      throw new FleetError('input', '--stdout writes no file, so it excludes --out and --recursive.', {
        remedy: 'Leave out --stdout, or leave out --out and --recursive.',
      });
    }
    if (options.out !== undefined && context.args.length > 1) {
      throw new FleetError('input', `--out names one file, but you asked for ${context.args.length} definitions.`, {
        remedy: 'Leave out --out. Each file is then named after its workflow.',
      });
    }
    await withConductor(context.config, async (conductor) => {
      const session = new Session(context, conductor.withSignal(context.signal), options);
      await session.pull(context.args.filter((name) => name !== undefined));
    });
  },
});

interface Wanted {
  file: string;
  stored: StoredWorkflowDef;
}

type Options = z.output<typeof optionsSchema>;

const SHOWN_TASKS = 20;
const IS_THERE = 'Write to another file with --out, or overwrite this one with --force.';

class Session {
  readonly #context: CommandContext;
  readonly #conductor: Conductor;
  readonly #options: Options;
  /** Names whose pull has begun. Workflows may call each other in a circle, so no name is pulled twice. */
  readonly #begun = new Set<string>();

  constructor(context: CommandContext, conductor: Conductor, options: Options) {
    this.#context = context;
    this.#conductor = conductor;
    this.#options = options;
  }

  async pull(asked: readonly string[]): Promise<void> {
    const { out, stdout, force } = this.#options;
    const wanted: Wanted[] = [];
    for (const name of new Set(asked)) {
      const stored = await this.#fetch(name);
      const file = out === undefined ? await this.#fileFor(stored.name) : await realPlace(resolve(out));
      if (!stdout && !force) refuseExisting([file], IS_THERE);
      wanted.push({ file, stored });
    }
    if (!stdout) refuseSharedFiles(wanted);
    const pulled = await this.#sources(wanted);
    if (stdout) return this.#context.print(pulled.map(({ source }) => source.trimEnd()).join('\n\n'));
    for (const [index, { file }] of wanted.entries()) await this.#write(file, pulled[index] as Pulled, force);
    this.#context.note(`Next: ${fleetCommand} plan. It should report no difference.`);
  }

  /** Generates the sources of all wanted definitions. All of their files are in the same folder. */
  async #sources(wanted: readonly Wanted[]): Promise<Pulled[]> {
    const { note } = this.#context;
    for (const { stored } of wanted) this.#begun.add(stored.name);
    const folder = dirname(wanted[0]?.file ?? '');
    if (this.#options.recursive) for (const { stored } of wanted) await this.#pullCallees(stored, folder);
    const pulls: Pull[] = [];
    for (const { file, stored } of wanted) pulls.push(await this.#prepared(file, stored));
    const pulled = await pullSources(pulls, folder);
    for (const [index, { plainTasks }] of pulled.entries()) {
      if (plainTasks.length === 0) continue;
      const shown = plainTasks.slice(0, SHOWN_TASKS).map(shownName).join(', ');
      const more = plainTasks.length > SHOWN_TASKS ? ', …' : '';
      const tasks = `the file holds ${count(plainTasks.length, 'task')} as plain JSON: ${shown}${more}`;
      note(`${shownName(wanted[index]?.stored.name ?? '')}: ${tasks}`);
    }
    if (pulled.some(({ compiled }) => !compiled)) {
      note('The types were not checked, because the folder has no TypeScript or no project that compiles.');
    }
    return pulled;
  }

  async #prepared(file: string, stored: StoredWorkflowDef): Promise<Pull> {
    const { config } = this.#context;
    const path = (module: string) => importPath(file, module);
    const [tasks, workflows, taskDefs] = await Promise.all([
      loadWorkers(config),
      findWorkflows(dirname(file)),
      this.#conductor.listTaskDefs(),
    ]);
    return {
      stored,
      entry: entryImport(file),
      known: knownFrom({
        tasks: tasks.flatMap(({ module, ...value }) =>
          module && isImportable(module) ? [{ module: path(fileURLToPath(module)), value }] : [],
        ),
        workflows: workflows
          .map(({ value, module }) => ({ module: fileURLToPath(module), value }))
          .filter(({ module }) => module !== file)
          .map(({ module, value }): Shipped<typeof value> => ({ module: path(module), value })),
        policies,
        taskDefs,
      }),
      settings: workflowSettings(config),
    };
  }

  /** Pulls the called workflows first, because a file can import only files that exist. */
  async #pullCallees(stored: StoredWorkflowDef, folder: string): Promise<void> {
    for (const { name, version } of calleesOf(stored)) {
      if (this.#begun.has(name) || (await findWorkflows(folder)).some(({ value }) => value.name === name)) continue;
      const callee = await this.#fetchIfThere(name, version);
      if (!callee) continue;
      const file = join(folder, fileNameOf(name));
      const [pulled] = await this.#sources([{ file, stored: callee }]);
      if (pulled) await this.#write(file, pulled, false);
    }
  }

  async #fetchIfThere(name: string, version: number | undefined): Promise<StoredWorkflowDef | undefined> {
    try {
      return await this.#conductor.getWorkflowDef(name, version);
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'not-found') throw error;
      this.#context.note(`The server has no workflow ${shownName(name)}. The file holds the call to it as plain JSON.`);
      return undefined;
    }
  }

  async #fetch(asked: string): Promise<StoredWorkflowDef> {
    const [, name = asked, version] = /^(.+):(\d+)$/s.exec(asked) ?? [];
    try {
      return await this.#conductor.getWorkflowDef(name, version === undefined ? undefined : Number(version));
    } catch (error) {
      if (!(error instanceof FleetError) || error.code !== 'not-found') throw error;
      const what = version === undefined ? shownName(name) : `${shownName(name)} in version ${version}`;
      throw new FleetError('not-found', `There is no workflow ${what} on ${this.#conductor.serverUrl}.`, {
        remedy: await this.#alternatives(name),
        cause: error,
      });
    }
  }

  async #alternatives(name: string): Promise<string> {
    const names = await this.#conductor.listWorkflowNames();
    const alike = names
      .map((one) => ({ one, shared: sharedStart(one.toLowerCase(), name.toLowerCase()) }))
      .filter(({ shared }) => shared > 2)
      .sort((a, b) => b.shared - a.shared)
      .slice(0, 10)
      .map(({ one }) => one);
    if (alike.length > 0) return `Workflows with a similar name: ${alike.map(shownName).join(', ')}.`;
    return `The server has ${count(names.length, 'workflow')}, but none with a similar name.`;
  }

  /**
   * The path of the new file, which is named after the workflow. The file goes into the configured folder, else into this checkout, else
   * below the current folder.
   */
  async #fileFor(name: string): Promise<string> {
    const { workflowsDir } = this.#context.config;
    const root = workflowsDir ?? (isInsideCheckout() ? join(programFolder, 'workflows') : 'workflows');
    return realPlace(join(resolve(root), 'definitions', fileNameOf(name)));
  }

  async #write(file: string, { source }: Pulled, force: boolean): Promise<void> {
    await write(file, source, { force });
    this.#context.print(shownPath(file));
  }
}

/** @throws FleetError `input` if two of the definitions would be written to one file */
function refuseSharedFiles(wanted: readonly Wanted[]): void {
  for (const [file, sharing] of Map.groupBy(wanted, (one) => one.file)) {
    if (sharing.length === 1) continue;
    const names = sharing.map(({ stored }) => `${shownName(stored.name)}:${stored.version}`).join(' and ');
    throw new FleetError('input', `${names} would be written to the same file, ${shownPath(file)}.`, {
      remedy: 'Pull each of them alone, with --out.',
    });
  }
}

/** False for the modules of an installed package: only its entries can be imported. */
function isImportable(module: string): boolean {
  return isCheckout || !isWithin(fileURLToPath(module), programFolder);
}

/** Number of equal letters at the start of both names. */
function sharedStart(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

/**
 * The file name that the folder of definitions requires. @throws FleetError `input` if the name of the workflow gives no valid file name
 */
function fileNameOf(name: string): string {
  const stem = kebabCase(name);
  if (/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,100}$/u.test(stem) && !/\.$|\.(test|scenario|d)$/.test(stem)) return `${stem}.ts`;
  throw new FleetError('input', `${shownName(name)} cannot be the name of a file.`, {
    remedy: 'Give a file name with --out, or print the source with --stdout.',
  });
}

/** The workflows that the definition calls. Leaves out a name with an expression, because only an execution knows its value. */
function calleesOf(stored: StoredWorkflowDef): { name: string; version?: number }[] {
  const inTasks = [...walk(stored.tasks as WorkflowTask[])].flatMap(({ task }) => {
    const callee = task.type === 'SUB_WORKFLOW' ? task.subWorkflowParam : task.inputParameters?.startWorkflow;
    return isObject(callee) ? [callee] : [];
  });
  const all = [...inTasks, { name: stored.failureWorkflow }];
  return all.flatMap(({ name, version }: { name?: unknown; version?: unknown }) => {
    if (typeof name !== 'string' || name === '' || name.includes('${')) return [];
    return [typeof version === 'number' ? { name, version } : { name }];
  });
}

/** Quotes every name that is not plain, because its characters could control the terminal. */
function shownName(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : quoted(name);
}
