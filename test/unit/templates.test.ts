import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadEventHandlers, loadSchedules, loadWorkers, loadWorkflows } from '../../cli/load-content.ts';
import { isWorkflow } from '../../core/contract.ts';
import { lintWorkflow } from '../../workflows/lint/lint.ts';
import { isScenarios } from '../../workflows/scenario/define-scenarios.ts';
import { partSource, scenarioSource } from '../../workflows/templates/registry/template-source.ts';
import { getTemplate, listTemplates, templateFiles } from '../../workflows/templates/registry/templates.ts';

const names = (await listTemplates()).map(({ name }) => name);

describe('the registry', () => {
  test('the registry has the templates that users know by name, and one for beginners', () => {
    expect(names).toEqual(expect.arrayContaining(['resilient_http', 'compensation', 'ai_agent', 'sequential']));
  });

  test('every template says when to use it', async () => {
    for (const { title, description, whenToUse } of await listTemplates()) {
      expect(Math.min(title.length, description.length, whenToUse.length)).toBeGreaterThan(10);
    }
  });

  test('for an unknown name, the error lists the known names', async () => {
    await expect(getTemplate('nonsense')).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('resilient_http'),
    });
  });

  test('a template has its plain JSON, its source, and the tasks that it needs', async () => {
    const { definition, source, tasks, exampleInput } = await getTemplate('resilient_http');
    expect(definition).toMatchObject({ name: 'ResilientHttp', tasks: [{ name: 'http_request', type: 'SIMPLE' }, {}] });
    expect(source).toContain("import httpRequest from '../../workers/tasks/http-request.ts';");
    expect(source).toContain("import { defineWorkflow, z } from 'conductor-fleet';");
    expect(source).toContain("export default defineWorkflow({\n  name: 'ResilientHttp'");
    expect(source).not.toMatch(/template/i);
    expect(tasks.map(({ name, kind }) => [name, kind])).toEqual([
      ['http_request', 'task'],
      ['log_failure', 'task'],
    ]);
    expect(exampleInput).toEqual({ url: 'https://example.com/data' });
  });

  test('every task that a template needs has a worker or is a policy', async () => {
    const workers = new Set((await loadWorkers()).map(({ name }) => name));
    const needed = (await Promise.all(names.map(getTemplate))).flatMap(({ tasks }) => tasks);
    expect(needed.filter(({ name, kind }) => kind === 'task' && !workers.has(name))).toEqual([]);
  });

  test('lint finds no mistake in any template', async () => {
    for (const { definition, companions } of await Promise.all(names.map(getTemplate))) {
      for (const def of [definition, ...companions]) expect(lintWorkflow(def)).toEqual([]);
    }
  });

  test('no template has the name of a shipped workflow, so that one server can hold both', async () => {
    const shipped = new Set((await loadWorkflows()).map(({ name }) => name));
    const templates = await Promise.all(names.map(getTemplate));
    expect(templates.filter(({ definition }) => shipped.has(definition.name))).toEqual([]);
  });
});

describe('the files of a template under another name', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(import.meta.dirname, '.scratch-templates-'));
    for (const part of ['definitions', 'schedules', 'event-handlers']) mkdirSync(join(folder, part));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const importing = (module: string) => `../../../../${module}.ts`;
  const newName = (template: string) => `Renamed_${template.replaceAll('_', '')}X`;

  test('the files define the same workflow as the template, except for the name', async () => {
    for (const name of names) {
      const files = await templateFiles(name, newName(name));
      for (const file of files) writeFileSync(join(folder, file.folder, file.name), file.text(importing));
      const { definition } = await getTemplate(name);
      const load = async (file = '') => (await import(pathToFileURL(join(folder, 'definitions', file)).href)).default;
      const workflow: unknown = await load(files[0]?.name);
      const scenarios: unknown = await load(files[1]?.name);
      if (!isWorkflow(workflow) || !isScenarios(scenarios)) throw new Error(`${name} became something else`);
      const renamed = JSON.stringify(definition).replaceAll(definition.name, newName(name));
      expect(workflow.def).toEqual(JSON.parse(renamed));
      expect(scenarios.workflow).toBe(workflow);
      expect(Object.keys(scenarios.scenarios).length).toBeGreaterThan(1);
    }
  });

  test('the files are in the folders from which workflows, schedules and event handlers are loaded', async () => {
    const found = { workflowsDir: folder };
    const workflows = await loadWorkflows(found);
    expect(workflows.map(({ name }) => name).sort()).toEqual(expect.arrayContaining(names.map(newName).sort()));
    const [schedules, handlers] = [await loadSchedules(found), await loadEventHandlers(found)];
    expect(schedules.map(({ name, workflow }) => [name, workflow.name])).toEqual([
      ['renamed_scheduled_x_daily', 'Renamed_scheduledX'],
    ]);
    expect(handlers).toMatchObject([
      { name: 'start_renamed_eventdriven_x', def: { actions: [{ start_workflow: { name: 'Renamed_eventdrivenX' } }] } },
    ]);
  });
});

describe('the text of a template', () => {
  const template = `import { z } from 'zod';
import aTask from '../../workers/tasks/a-task.ts';
import { defineWorkflow, failureInput } from '../dsl/define-workflow.ts';
import { defineSchedule } from '../dsl/define-schedule.ts';
import { defineTemplate } from './registry/define.ts';

const FIRST = 1;
const SECOND = 2;

/** A comment
 * of two lines.
 */
const workflow = defineWorkflow({ name: 'MyFlow', input: z.object({ FIRST }) }).build((wf) => {
  const inner = wf.task('a', aTask, { text: \`MyFlow
and the next line\` });
  return { inner };
});

// What starts it.
const schedule = defineSchedule({ name: 'my_flow_daily', workflow, input: {} });

function helper() {
  return SECOND;
}

export default defineTemplate({
  name: 'mine',
  workflow,
  schedule,
});
`;
  const rename = { from: 'MyFlow', to: 'YourThing', importing: (module: string) => `./moved/${module}.ts` };

  test('the workflow file keeps comments, constants and functions, and imports only what it uses', () => {
    expect(partSource(template, 'workflow', rename)).toBe(`import { z } from 'zod';
import aTask from './moved/workers/tasks/a-task.ts';
import { defineWorkflow } from './moved/workflows/dsl/define-workflow.ts';

const FIRST = 1;
const SECOND = 2;

/** A comment
 * of two lines.
 */
export default defineWorkflow({ name: 'YourThing', input: z.object({ FIRST }) }).build((wf) => {
  const inner = wf.task('a', aTask, { text: \`YourThing
and the next line\` });
  return { inner };
});

function helper() {
  return SECOND;
}
`);
  });

  test('the new name may contain the old name', () => {
    const renamed = partSource(template, 'schedule', { ...rename, to: 'MyFlow_my_flow' });
    expect(renamed).toContain("name: 'my_flow_my_flow_daily'");
  });

  test('a schedule becomes a file that imports the workflow', () => {
    expect(partSource(template, 'schedule', rename, '../definitions/your-thing.ts')).toBe(
      `import workflow from '../definitions/your-thing.ts';
import { defineSchedule } from './moved/workflows/dsl/define-schedule.ts';

// What starts it.
export default defineSchedule({ name: 'your_thing_daily', workflow, input: {} });
`,
    );
  });

  test('the scenarios become a file that imports the workflow and uses its new name', () => {
    const scenario = `import { defineScenarios } from '../scenario/define-scenarios.ts';
import template from './my.ts';

export default defineScenarios(template.workflow, { 'MyFlow runs': { input: {} } });
`;
    expect(
      scenarioSource(scenario, rename, './your-thing.ts'),
    ).toBe(`import { defineScenarios } from './moved/workflows/scenario/define-scenarios.ts';
import workflow from './your-thing.ts';

export default defineScenarios(workflow, { 'YourThing runs': { input: {} } });
`);
  });
});
