import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { Config } from '../core/config.ts';
import { count } from '../core/text.ts';
import { isInsideCheckout, packageName } from './installation.ts';

/** The folders of a project, by the settings that name other folders. A project may lack some of them. */
const FOLDERS = { tasksDir: 'workers/tasks', workflowsDir: 'workflows', mcpDir: 'mcp' } as const;

/** A folder is a project if it has one of these. */
const SIGNS = ['workers/tasks', 'workflows/definitions', 'mcp/tools', 'mcp/resources', 'mcp/prompts'];

/** The values that settings have in a project if the user gives none. */
export type ProjectSettings = Partial<Pick<Config, keyof typeof FOLDERS | 'fleetName'>>;

const manifest = z.looseObject({
  name: z.string().optional(),
  dependencies: z.record(z.string(), z.unknown()).default({}),
  devDependencies: z.record(z.string(), z.unknown()).default({}),
});

/** The settings of the project in `folder`. None if the folder is not a project, or is in a checkout of this program. */
export function projectSettings(folder = resolve('.')): ProjectSettings {
  if (isInsideCheckout()) return {};
  const about = readManifest(folder);
  if (about.name === packageName) return {}; // a checkout, in which an installed copy of this program runs
  const depends = packageName in about.dependencies || packageName in about.devDependencies;
  if (!depends && !SIGNS.some((sign) => existsSync(join(folder, sign)))) return {};
  const fleetName = fleetNameFrom(about.name ?? '');
  return { ...FOLDERS, ...(fleetName !== '' && { fleetName }) };
}

/** A project has content of its own, so the demonstration and its shop have no place there. */
export function isProject({ workflowsDir }: Pick<Config, 'workflowsDir'>): boolean {
  return workflowsDir !== undefined;
}

/** True for a folder that only the layout of projects names: it may be missing, and then holds nothing. */
export function mayBeMissing(folder: string): boolean {
  return Object.values<string>(FOLDERS).includes(folder);
}

/** Says whose content a command reads, e.g. `Read 2 workflows in workflows/ and 1 worker in workers/tasks/.` */
export function whatWasRead(
  { tasksDir, workflowsDir }: Pick<Config, 'tasksDir' | 'workflowsDir'>,
  found: { workflows?: readonly unknown[]; workers?: readonly unknown[] },
): string {
  const { workflows, workers } = found;
  const place = (folder: string | undefined) => (folder === undefined ? 'that come with fleet' : `in ${folder}`);
  const parts = [
    ...(workflows ? [`${count(workflows.length, 'workflow')} ${place(workflowsDir)}`] : []),
    ...(workers ? [`${count(workers.length, 'worker')} ${place(tasksDir)}`] : []),
  ];
  return `Read ${parts.join(' and ')}.`;
}

function readManifest(folder: string): z.output<typeof manifest> {
  try {
    return manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  } catch {
    return manifest.parse({}); // npm reports a missing or broken manifest better than this command can
  }
}

/** `@acme/orders` becomes `acme-orders`. */
function fleetNameFrom(name: string): string {
  return name
    .replaceAll(/[^A-Za-z0-9_-]+/g, '-')
    .slice(0, 40)
    .replaceAll(/^-+|-+$/g, '');
}
