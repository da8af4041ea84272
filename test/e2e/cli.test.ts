import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { register } from '../../workflows/manage/apply.ts';
import { registerAlone } from '../support/probe.ts';
import { realConductor, runFleetCommand, unique } from '../support/product.ts';

const conductor = realConductor();
const settings = { shopUrl: inject('shopUrl'), llmProvider: 'litellm', llmModel: 'scripted-research-1' };

/** Defines a workflow that has a unique name and needs no worker. */
function greeting(text = 'hello') {
  const name = unique('Greeting').replace('-', '_');
  return defineWorkflow({
    name,
    version: 1,
    description: 'A workflow for tests of the command line.',
    input: z.object({ who: z.string().min(2), mark: z.string().default('!') }),
    output: z.object({ text: z.string() }),
  }).build((wf, { who, mark }) => {
    const made = wf.jq('make', { inputs: { who, mark }, output: z.string(), query: `"${text} " + .who + .mark` });
    return { text: made.output.result };
  });
}

test.concurrent('fleet run --wait prints the result and exits with 0', async () => {
  const workflow = greeting();
  await registerAlone(conductor, [workflow]);
  const { code, stdout } = await runFleetCommand([
    'run',
    workflow.name,
    '--input',
    '{"who":"you"}',
    '--wait',
    '--json',
  ]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'COMPLETED', output: { text: 'hello you!' } });
});

test.concurrent('fleet run prints only the id of the execution; fleet status shows this execution with its tasks', async () => {
  const workflow = greeting();
  await registerAlone(conductor, [workflow]);
  const started = await runFleetCommand(['run', workflow.name, '--input', '{"who":"you"}']);
  const id = started.stdout.trim();
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  const shown = await runFleetCommand(['status', id]);
  expect(shown.stdout).toMatch(new RegExp(`${workflow.name} v1\\s+${id}\\s+COMPLETED`));
  expect(shown.stdout).toMatch(/make\s+JSON_JQ_TRANSFORM\s+COMPLETED/);
  const listed = await runFleetCommand(['status', '--json', '--limit', '100']);
  expect(JSON.parse(listed.stdout).results.map(({ workflowId }: { workflowId: string }) => workflowId)).toContain(id);
});

test.concurrent('fleet run refuses an unknown workflow, and the error lists the registered workflows', async () => {
  const workflow = greeting();
  await registerAlone(conductor, [workflow]);
  const { code, stderr } = await runFleetCommand(['run', 'NoSuchWorkflow']);
  expect(code).toBe(2);
  expect(stderr).toContain('no workflow "NoSuchWorkflow"');
  expect(stderr).toContain(workflow.name);
});

test.concurrent('fleet run refuses an input that does not fit the schema; the error names each wrong field and nothing starts', async () => {
  const workflow = greeting();
  await registerAlone(conductor, [workflow]);
  const { code, stderr } = await runFleetCommand(['run', workflow.name, '--input', '{"mark":1}']);
  expect(code).toBe(2);
  expect(stderr).toContain('who is missing; it must be a string. mark must be a string, not 1.');
  expect(stderr).toContain('takes who (string), mark? (string)');
  expect((await conductor.searchExecutions({ query: `workflowType=${workflow.name}` })).totalHits).toBe(0);
});

test.concurrent('fleet run adds the defaults to an empty input, because the server does not', async () => {
  const name = unique('Defaults').replace('-', '_');
  const workflow = defineWorkflow({
    name,
    version: 1,
    description: 'A workflow for tests of defaults.',
    input: z.object({ mark: z.string().default('!') }),
    output: z.object({ mark: z.string() }),
  }).build((wf, { mark }) => {
    wf.set('keep', {});
    return { mark };
  });
  await registerAlone(conductor, [workflow]);
  const { stdout } = await runFleetCommand(['run', name, '--wait', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ output: { mark: '!' } });
});

test.concurrent("a second registration changes nothing, keeps and reports an operator's change, and updates a changed definition", async () => {
  const task = defineTask({
    name: unique('probe_task'),
    description: 'A probe.',
    input: z.object({}),
    output: z.object({}),
  });
  const workflow = greeting();
  const content = { tasks: [task], workflows: [workflow] };
  const fleet = unique('fleet');
  const registered = (given = content, options = {}) => register(conductor, given, settings, { fleet, ...options });
  const actions = async (given = content) => (await registered(given)).map(({ action }) => action);
  expect(await actions()).toEqual(['create', 'create']);
  expect(await actions()).toEqual(['unchanged', 'unchanged']);

  const changed = { ...workflow, def: { ...workflow.def, description: 'changed in the code' } };
  expect(await actions({ ...content, workflows: [changed] })).toEqual(['unchanged', 'update']);

  const stored = await conductor.getTaskDef(task.name);
  await conductor.putTaskDefs([{ ...stored, retryCount: 9 }]);
  const [kept] = await registered();
  expect(kept).toMatchObject({ action: 'keep', notice: expect.stringContaining('changed on the server') });
  expect(await conductor.getTaskDef(task.name)).toMatchObject({ retryCount: 9 });

  await registered(content, { overwrite: true });
  expect(await conductor.getTaskDef(task.name)).toMatchObject({ retryCount: 3 });
});

test.concurrent('a second fleet apply of all shipped definitions changes nothing', async () => {
  const first = await runFleetCommand(['apply', '--yes', '--wait', '60']);
  expect(first, first.stderr).toMatchObject({ code: 0 });
  const again = await runFleetCommand(['plan', '--json']);
  const changes = JSON.parse(again.stdout).changes as { action: string }[];
  expect(changes.length).toBeGreaterThan(10);
  expect(changes.filter(({ action }) => ['create', 'update', 'new-version'].includes(action))).toEqual([]);
});

test.concurrent('if no worker polls for a task, fleet run says so and names the command that starts a worker', async () => {
  const name = unique('Unserved').replace('-', '_');
  const task = defineTask({
    name: `${name}_task`.toLowerCase(),
    description: 'No worker polls this type.',
    input: z.object({}),
    output: z.object({}),
  });
  const workflow = defineWorkflow({
    name,
    version: 1,
    description: 'A workflow for tests of waiting.',
    input: z.object({}),
    output: z.object({}),
  }).build((wf) => {
    wf.task('wait', task, {});
    return {};
  });
  await registerAlone(conductor, [workflow]);
  const { code, stderr } = await runFleetCommand(['run', name, '--wait', '--timeout', '6']);
  expect(code).toBe(1);
  expect(stderr).toContain(
    `now wait (SCHEDULED); no worker polls ${task.name}. Start one: \`fleet work --only ${task.name}\``,
  );
});

test.concurrent('N6: the client recognises every 404 of the real server, and says what a missing path means', async () => {
  const none = '0f9c2d3e-0000-4000-8000-000000000000';
  const missing = [
    ...['/api/workflow/{id}', '/api/workflow/{id}/status', '/api/tasks/{id}', '/api/metadata/workflow/{id}'],
    ...['/api/metadata/taskdefs/{id}', '/api/scheduler/schedules/{id}', '/api/no/such/path'],
  ] as const;
  for (const path of missing) {
    const asked = conductor.request({ method: 'GET', path, params: { id: none }, answer: z.unknown() });
    await expect(asked, path).rejects.toMatchObject({ code: 'not-found' });
  }
  const wrong = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl').replace(/api$/, 'wrong/api') };
  const { code, stderr } = await runFleetCommand(['status'], wrong);
  expect(code, stderr).toBeGreaterThan(0);
  expect(stderr).toMatch(/CONDUCTOR_SERVER_URL/);
});
