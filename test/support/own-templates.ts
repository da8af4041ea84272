import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadEventHandlers, loadSchedules, loadWorkflows } from '../../cli/load-content.ts';
import type { Conductor } from '../../core/conductor/api.ts';
import type { EventHandler, Schedule, Workflow } from '../../core/contract.ts';
import { templateFiles } from '../../workflows/templates/registry/templates.ts';
import { registerAlone } from './probe.ts';
import { root, unique } from './product.ts';

/** The files of templates under new names, as a user would create them. Their workflows are registered. */
export interface OwnTemplates {
  readonly folder: string;
  readonly workflows: readonly Workflow[];
  readonly schedules: readonly Schedule[];
  readonly handlers: readonly EventHandler[];
  /** Returns the name of the workflow that was made from a template. */
  nameOf(template: string): string;
  remove(): void;
}

export async function ownTemplates(conductor: Conductor, names: readonly string[]): Promise<OwnTemplates> {
  const ownName = unique('Own').replace('-', '');
  const nameOf = (template: string) => `${ownName}_${template}`;
  mkdirSync(join(root, '.fleet'), { recursive: true });
  const folder = mkdtempSync(join(root, '.fleet/templates-'));
  for (const name of names) {
    for (const { folder: part, name: file, text } of await templateFiles(name, nameOf(name))) {
      mkdirSync(join(folder, part), { recursive: true });
      writeFileSync(
        join(folder, part, file),
        text((module) => `../../../${module}.ts`),
      );
    }
  }
  const found = { workflowsDir: folder };
  const workflows = await loadWorkflows(found);
  const [schedules, handlers] = [await loadSchedules(found), await loadEventHandlers(found)];
  await registerAlone(conductor, workflows);
  const remove = () => rmSync(folder, { recursive: true, force: true });
  return { folder, workflows, schedules, handlers, nameOf, remove };
}
