import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { z } from 'zod';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { defineScenarios, type Scenario } from '../../workflows/scenario/define-scenarios.ts';
import { dryRun, inTurn } from '../../workflows/scenario/dry-run.ts';
import { answers, fails } from '../../workflows/scenario/mocks.ts';
import { runSuite } from '../../workflows/scenario/run-suite.ts';
import { registerAlone } from '../support/probe.ts';
import { realConductor, requestsTo, root, runFleetCommand, startFleetCommand, unique } from '../support/product.ts';

const conductor = realConductor();
const folder = (name: string) => ({ WORKFLOWS_DIR: join(root, 'test/support/scenario-workflows', name) });

interface Report {
  coverage: number;
  workflows: {
    name: string;
    scenarios: { title: string; mistakes: string[]; path: string[]; workflowId?: string }[];
    coverage: { points: number; missed: { ref: string; what: string }[] };
  }[];
}

const reportOf = (stdout: string) => JSON.parse(stdout) as Report;
const mistakesOf = ({ workflows }: Report) =>
  Object.fromEntries(
    workflows.flatMap(({ scenarios }) => scenarios.map(({ title, mistakes }) => [title, mistakes.join('\n')])),
  );

test.concurrent('all shipped scenarios pass, and together they cover every shipped workflow completely', async () => {
  const { code, stdout, stderr } = await runFleetCommand(['test', '--coverage', '100', '--json']);
  expect(stderr.split('\n').filter((line) => line.includes('stays on the server'))).toEqual([]);
  const report = reportOf(stdout);
  expect(Object.values(mistakesOf(report)).filter((text) => text !== '')).toEqual([]);
  expect(
    report.workflows.flatMap(({ name, coverage }) => coverage.missed.map((point) => ({ name, ...point }))),
  ).toEqual([]);
  expect(report.workflows.filter(({ scenarios }) => scenarios.length === 0)).toEqual([]);
  expect(code).toBe(0);
});

test.concurrent('a scenario can answer forks, loops, sub-workflows, waits, approvals and events', async () => {
  const { code, stdout } = await runFleetCommand(['test', '--coverage', '100', '--json'], folder('right'));
  const report = reportOf(stdout);
  expect(Object.values(mistakesOf(report)).filter((text) => text !== '')).toEqual([]);
  expect(report.coverage).toBe(100);
  expect(code).toBe(0);
});

test.concurrent('fleet test reports each mistake in a scenario, and a coverage that is too low', async () => {
  const { code, stdout, stderr } = await runFleetCommand(['test', '--coverage', '90', '--json'], folder('wrong'));
  const report = reportOf(stdout);
  expect(mistakesOf(report)).toEqual({
    'has no answer for a task': 'There is no answer for praise. Add one to `tasks`, such as  praise: answers(200, {}),',
    'has too few answers for the attempts':
      'There is no answer for attempt 2 of rate: its list has only 1 answer. Add one.',
    'misspells a reference': 'tasks: there is no task "rte". Did you mean "rate"?',
    'misspells an expected reference': 'expect.ran: there is no task "praize". Did you mean "praise"?',
    'answers what the worker never could': expect.stringMatching(
      /^tasks\.rate\.rating must be one of good, bad, not "\w+"\. So the worker of scen_rate can never answer that\.$/,
    ),
    'answers with more than the worker does':
      'tasks.rate.colour: the answer of the worker of scen_rate never has this field. Remove it.',
    'completes an HTTP task with a status that fails it':
      "tasks.praise: an HTTP task fails on the status 404. Write fails('404 …').",
    'forgets the envelope of an HTTP answer': expect.stringContaining('Write answers(200, body).'),
    'answers for what the server computes': expect.stringContaining(
      'it is a SWITCH, which the server executes in a dry run too',
    ),
    'tells rounds apart outside of a loop': expect.stringContaining('rounds(…) works only for tasks in a loop'),
    'tells items apart where there is no fork': expect.stringContaining('each(…) works only for a FORK_JOIN_DYNAMIC'),
    'starts with an input that is refused': expect.stringMatching(/^input\.text .*unchecked\(/),
    'names a task that is not a sub-workflow': 'subWorkflows.rate: it is a SIMPLE, which starts no sub-workflow.',
    'expects another end': expect.stringMatching(
      /^status: expected "COMPLETED", was "FAILED"\noutput\.points: expected 9, was null\nreason: .*the dictionary is lost/,
    ),
    'expects another output, path and input': [
      'output.points: expected 2, was 1',
      'attempts of rate: expected 1, was 2',
      'input of rate.text: expected /y/, was "x"',
      'by_rating ran, but must not run',
      'praise did not run',
    ].join('\n'),
  });
  expect(report.workflows[0]?.coverage.missed).toContainEqual({ ref: 'praise', what: 'completes' });
  expect(stderr).toContain('--coverage requires 90 %');
  expect(code).toBe(1);
});

/** Defines a workflow with an HTTP call and a failure workflow. The shop records every request of both. */
function caller() {
  const name = unique('Caller').replace('-', '_');
  const path = (of: string) => `/${name}/${of}`;
  const alarm = defineWorkflow({
    name: `${name}_alarm`,
    version: 1,
    description: 'Calls the shop, so the test sees if it was started.',
    input: z.object({ workflowId: z.string() }),
    output: z.object({}),
  }).build((wf) => {
    const uri = `${inject('shopUrl')}${path('alarm')}`;
    wf.http('ring', externalApi, { method: 'GET', uri, response: z.unknown() });
    return {};
  });
  const workflow = defineWorkflow({
    name,
    version: 1,
    description: 'Calls the shop.',
    input: z.object({ of: z.string() }),
    output: z.object({ status: z.number() }),
    failureWorkflow: alarm,
  }).build((wf, { of }) => {
    const uri = `${inject('shopUrl')}/${name}/${of}`;
    const called = wf.http('call', externalApi, { method: 'GET', uri, response: z.unknown() }, { retryCount: 0 });
    return { status: called.output.response.statusCode };
  });
  return { workflow, alarm, path };
}

const options = (workflows: Parameters<typeof runSuite>[1], keep = false) => ({
  known: { workflows, taskDefOf: toTaskDef },
  signal: new AbortController().signal,
  keep,
  note: () => {},
  cleaning: inTurn(),
});

test.concurrent('a dry run with any result calls no service, starts no failure workflow and leaves no execution behind', async ({
  expect,
}) => {
  const { workflow, alarm, path } = caller();
  await registerAlone(conductor, [alarm, workflow]);
  const scenario = (tasks: Scenario['tasks']): Scenario => ({
    input: { of: 'dry' },
    ...(tasks && { tasks }),
    expect: { status: 'COMPLETED' },
  });
  const ran = [];
  for (const tasks of [{ call: answers(200, {}) }, { call: fails('503') }, undefined]) {
    ran.push(await dryRun(conductor, workflow, scenario(tasks), options([workflow, alarm])));
  }
  expect(ran.map(({ execution }) => execution.status)).toEqual(['COMPLETED', 'FAILED', 'FAILED']);
  for (const { execution } of ran) {
    await expect(conductor.getExecution(execution.workflowId)).rejects.toMatchObject({ code: 'not-found' });
  }

  // This real execution calls the shop. A request of a dry run would have arrived earlier.
  const real = await conductor.waitForEnd(
    await conductor.startWorkflow({ name: workflow.name, input: { of: 'real' } }),
  );
  expect(real.status).toBe('FAILED');
  await expect.poll(async () => (await requestsTo(path('alarm'))).length, { timeout: 30_000 }).toBe(1);
  expect(await requestsTo(path('real'))).toHaveLength(1);
  expect(await requestsTo(path('dry'))).toEqual([]);
});

test.concurrent('a dry run with `keep` leaves its execution on the server, marked as a dry run', async () => {
  const { workflow } = caller();
  const suite = defineScenarios(workflow, {
    one: { input: { of: 'kept' }, tasks: { call: answers(204, null) }, expect: { status: 'COMPLETED' } },
  });
  const [result] = await runSuite(conductor, [workflow], [suite], options([workflow], true));
  const id = result?.scenarios[0]?.workflowId ?? '';
  const kept = await conductor.getExecution(id);
  expect(kept).toMatchObject({ workflowName: `${workflow.name}_dry_run`, status: 'COMPLETED' });
  expect(kept.correlationId).toMatch(/^fleet-test:/);
  await conductor.removeExecution(id);
});

// The tests below use the same workflow names as the concurrent tests above, so they run afterwards.
test('fleet test shows the failed scenario, its path, and the tasks and cases that no scenario reaches', async () => {
  const chosen = ['test', 'ScenWrong', '--title', 'expects another output'];
  const { code, stdout } = await runFleetCommand(chosen, folder('wrong'));
  expect(code).toBe(1);
  expect(stdout).toContain('✗ expects another output, path and input');
  expect(stdout).toContain('path: rate (FAILED: busy) → rate → by_rating [bad]');
  expect(stdout).toMatch(/coverage \d of 6 \(\d+ %\); no scenario reaches\n {4}rate +completes|by_rating +case good/);
  expect(stdout).toMatch(/0 scenarios passed, 1 failed; coverage \d+ %/);
});

test('fleet test refuses an unknown workflow name and an unknown title', async () => {
  const { code, stderr } = await runFleetCommand(['test', 'ScenTuor'], folder('right'));
  expect(code).toBe(2);
  expect(stderr).toContain('Name one of these: ScenPack, ScenTour.');
  const title = await runFleetCommand(['test', '--title', 'no such title'], folder('right'));
  expect(title.code).toBe(2);
  expect(title.stderr).toContain('No scenario of these workflows has "no such title"');
});

test('an interrupted fleet test removes its executions from the server', async () => {
  const search = async () => (await conductor.searchExecutions({ query: 'workflowType=ScenTour_dry_run' })).results;
  const before = new Set((await search()).map(({ workflowId }) => workflowId));
  const seen = async () => (await search()).map(({ workflowId }) => workflowId).filter((id) => !before.has(id));
  const running = startFleetCommand(['test', 'ScenTour'], folder('right'));
  let begun: string[] = [];
  await expect
    .poll(async () => begun.push(...(await seen())) > 0 || running.child.exitCode !== null, {
      timeout: 60_000,
      interval: 20,
    })
    .toBe(true);
  running.child.kill('SIGINT');
  const { code, stdout, stderr } = await running.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(/Stopped (after \d of 5 scenarios|during a dry run)/);
  expect(stdout).toBe('');
  begun = [...new Set([...begun, ...(await seen())])];
  expect(begun.length).toBeGreaterThan(0);
  for (const id of begun) await expect(conductor.getExecution(id)).rejects.toMatchObject({ code: 'not-found' });
});
