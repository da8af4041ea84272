import { readdir, readFile, stat } from 'node:fs/promises';
import { extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Conductor } from '../core/conductor/api.ts';
import type { Config } from '../core/config.ts';
import { isWorkflow, type TaskContract, type TaskPolicy, type Worker, type Workflow } from '../core/contract.ts';
import { FleetError, messageOf } from '../core/errors.ts';
import { parseExactly } from '../core/json.ts';
import type { KnownDefinitions } from '../workflows/lint/lint.ts';
import { toTaskDef } from '../workflows/manage/task-def.ts';
import { loadWorkers, loadWorkflows } from './load-content.ts';

/** A definition to check, and its source. */
export interface Target {
  kind: 'workflow' | 'task';
  /** A file as the user named it, or `NAME:2@server`. */
  source: string;
  origin: 'json' | 'code' | 'server';
  def: unknown;
  /** Index of the definition in a file that holds a list of definitions. */
  index?: number;
}

/** The definitions to check, and every other definition that the rules may consult. */
export interface Gathered {
  targets: readonly Target[];
  known: KnownDefinitions;
  /** The workflows and workers in the folders of content. */
  content: { workflows: readonly Workflow[]; workers: readonly Worker[] };
}

const ON_SERVER = /^(.+?)(?::(\d+))?@server$/;

/**
 * Finds the definitions that the arguments of `fleet lint` name. Without arguments, finds those of the project,
 * else the shipped ones.
 * @throws FleetError `config` or `input` for an unreadable file, `not-found` for a definition that the server does not have
 */
export async function gather(
  args: readonly string[],
  config: Config,
  conductor: Conductor | undefined,
): Promise<Gathered> {
  const workflows = await loadWorkflows(config);
  const workers = await loadWorkers(config);
  const targets: Target[] = args.length === 0 ? workflows.flatMap(targetsOfWorkflow) : [];
  for (const arg of args) targets.push(...(await targetsOf(arg, conductor)));
  const own = [...workers.map(taskTarget), ...workflows.flatMap(targetsOfWorkflow), ...targets];
  const server = conductor ? await onServer(conductor) : [];
  return {
    targets: unique(targets),
    known: { ...knownFrom([...server, ...own]), complete: args.length === 0 || conductor !== undefined },
    content: { workflows, workers },
  };
}

/** True if an argument names a definition on the server. */
export function isOnServer(arg: string): boolean {
  return ON_SERVER.test(arg);
}

async function targetsOf(arg: string, conductor: Conductor | undefined): Promise<Target[]> {
  const [, name, version] = ON_SERVER.exec(arg) ?? [];
  if (name !== undefined && conductor) {
    const def = await conductor.getWorkflowDef(name, version === undefined ? undefined : Number(version));
    return [{ kind: 'workflow', source: arg, origin: 'server', def }];
  }
  if ((await statOf(arg)).isDirectory()) return targetsInFolder(arg);
  return extname(arg) === '.json' ? targetsInJson(arg, false) : targetsInModule(arg, false);
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (cause) {
    const remedy = 'Give a .json or .ts file, a folder, or NAME@server for a definition on the server.';
    throw new FleetError('input', `There is no file or folder "${path}".`, { remedy, cause });
  }
}

async function targetsInFolder(folder: string): Promise<Target[]> {
  const files = (await readdir(folder, { recursive: true }))
    .filter((file) => !/(^|[\\/])(node_modules|\.[^\\/]+)([\\/]|$)/.test(file))
    .sort();
  const targets: Target[] = [];
  for (const file of files) {
    const path = join(folder, file);
    if (file.endsWith('.json')) targets.push(...(await targetsInJson(path, true)));
    else if (/\.[tj]s$/.test(file) && !/\.(d|test|scenario)\.[tj]s$/.test(file))
      targets.push(...(await targetsInModule(path, true)));
  }
  return targets;
}

/** From a folder, takes only values that look like a definition, because a folder may also hold other JSON files. */
async function targetsInJson(path: string, isOneOfMany: boolean): Promise<Target[]> {
  const content = parseJson(await readFile(path, 'utf8'), path);
  const isList = Array.isArray(content);
  const defs: unknown[] = isList ? content : [content];
  return defs.flatMap((def, index): Target[] => {
    const kind = kindOf(def);
    if (kind === undefined && isOneOfMany) return [];
    return [{ kind: kind ?? 'workflow', source: path, origin: 'json', def, ...(isList && { index }) }];
  });
}

function parseJson(text: string, path: string): unknown {
  try {
    return parseExactly(text);
  } catch (cause) {
    throw new FleetError('input', `"${path}" is not JSON: ${messageOf(cause)}.`, {
      remedy: 'Correct the file.',
      cause,
    });
  }
}

const OF_A_TASK_DEFINITION = [
  'retryCount',
  'retryLogic',
  'responseTimeoutSeconds',
  'pollTimeoutSeconds',
  'concurrentExecLimit',
  'inputKeys',
];

function kindOf(def: unknown): Target['kind'] | undefined {
  if (typeof def !== 'object' || def === null) return undefined;
  if ('tasks' in def || 'schemaVersion' in def) return 'workflow';
  return 'name' in def && OF_A_TASK_DEFINITION.some((field) => field in def) ? 'task' : undefined;
}

async function targetsInModule(path: string, isOneOfMany: boolean): Promise<Target[]> {
  const value = await defaultExportOf(path);
  if (isWorkflow(value)) return targetsOfWorkflow(value, path);
  if (isTask(value)) return [{ ...taskTarget(value), source: path }];
  if (isOneOfMany) return [];
  throw new FleetError('input', `"${path}" has no definition as its default export.`, {
    remedy: 'It needs `export default defineWorkflow(…).build(…)` or `export default defineTask(…)`.',
  });
}

async function defaultExportOf(path: string): Promise<unknown> {
  try {
    return ((await import(pathToFileURL(resolve(path)).href)) as { default?: unknown }).default;
  } catch (cause) {
    const remedy = 'Correct the file. `npx tsc --noEmit` may show the mistake.';
    throw new FleetError('config', `"${path}" cannot be loaded: ${messageOf(cause)}.`, { remedy, cause });
  }
}

function isTask(value: unknown): value is TaskContract | TaskPolicy {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && (value.kind === 'task' || value.kind === 'policy')
  );
}

/** A workflow with its tasks and its companions. */
function targetsOfWorkflow(workflow: Workflow, source?: string | number): Target[] {
  const from = typeof source === 'string' ? source : workflow.name;
  const own: Target = { kind: 'workflow', source: from, origin: 'code', def: workflow.def };
  const tasks = workflow.tasks.map((task) => taskTarget(task));
  return [own, ...tasks, ...(workflow.companions ?? []).flatMap((companion) => targetsOfWorkflow(companion, from))];
}

function taskTarget(task: TaskContract | TaskPolicy): Target {
  return { kind: 'task', source: task.name, origin: 'code', def: toTaskDef(task) };
}

async function onServer(conductor: Conductor): Promise<Target[]> {
  const [workflows, tasks] = await Promise.all([conductor.listWorkflowDefs(), conductor.listTaskDefs()]);
  return [
    ...workflows.map((def): Target => ({ kind: 'workflow', source: 'server', origin: 'server', def })),
    ...tasks.map((def): Target => ({ kind: 'task', source: 'server', origin: 'server', def })),
  ];
}

/** Removes duplicates, so that a task of several workflows is checked only once. */
function unique(targets: readonly Target[]): Target[] {
  const seen = new Set<string>();
  return targets.filter(({ kind, origin, def }) => {
    if (kind !== 'task' || origin !== 'code') return true;
    const name = nameOf(def);
    return !seen.has(name) && Boolean(seen.add(name));
  });
}

function knownFrom(targets: readonly Target[]): KnownDefinitions {
  const taskDefs = new Map<string, unknown>();
  const workflows = new Map<string, unknown[]>();
  for (const { kind, def } of targets) {
    const name = nameOf(def);
    if (kind === 'task') taskDefs.set(name, def);
    else workflows.set(name, [...(workflows.get(name) ?? []), def]);
  }
  return { taskDefs, workflows };
}

/** The name in a definition. Empty if the definition has no name. */
export function nameOf(def: unknown): string {
  return typeof def === 'object' && def !== null && 'name' in def ? String(def.name) : '';
}
