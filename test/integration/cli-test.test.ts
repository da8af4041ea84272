import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import testCommand from '../../cli/commands/test.ts';
import { DryRunServer } from '../support/dry-run-server.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { root } from '../support/product.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
let server: DryRunServer;
beforeEach(async () => {
  fake = await startFakeConductor();
  server = new DryRunServer();
  fake.routes = server.routes;
});
afterEach(() => fake.close());

const fleetTest = (args: readonly string[], signal?: AbortSignal) =>
  runCommand(testCommand, args, {
    settings: {
      conductorServerUrl: fake.url,
      workflowsDir: join(root, 'test/support/scenario-workflows/wrong'),
    },
    ...(signal && { signal }),
  });

interface Report {
  coverage: number;
  workflows: { scenarios: { title: string; mistakes: string[]; path: string[]; workflowId?: string }[] }[];
}

test('fleet test finds every mistake in a scenario, before the dry run or in its result', async () => {
  const { code, stdout } = await fleetTest(['--json']);
  const { workflows } = JSON.parse(stdout) as Report;
  const scenarios = workflows.flatMap((workflow) => workflow.scenarios);
  const found = Object.fromEntries(scenarios.map(({ title, mistakes }) => [title, mistakes.join('\n')]));
  expect(found).toEqual({
    'has no answer for a task': 'There is no answer for praise. Add one to `tasks`, such as  praise: answers(200, {}),',
    'has too few answers for the attempts':
      'There is no answer for attempt 2 of rate: its list has only 1 answer. Add one.',
    'misspells a reference': expect.stringContaining('"rate"'),
    'misspells an expected reference': expect.stringContaining('"praise"'),
    'answers what the worker never could': expect.stringContaining('tasks.rate.rating'),
    'answers with more than the worker does': expect.stringContaining('tasks.rate.colour'),
    'completes an HTTP task with a status that fails it': expect.stringContaining("fails('404 …')"),
    'forgets the envelope of an HTTP answer': expect.stringContaining('answers(200, body)'),
    'answers for what the server computes': expect.stringContaining('SWITCH'),
    'tells rounds apart outside of a loop': expect.stringContaining('rounds(…)'),
    'tells items apart where there is no fork': expect.stringContaining('each(…)'),
    'starts with an input that is refused': expect.stringContaining('input.text'),
    'names a task that is not a sub-workflow': expect.stringContaining('subWorkflows.rate'),
    'expects another end':
      'status: expected "COMPLETED", was "FAILED"\noutput.points: expected 9, was null\nreason: Task task-2 failed with status: FAILED and reason: \'the dictionary is lost\'',
    'expects another output, path and input': [
      'output.points: expected 2, was 1',
      'attempts of rate: expected 1, was 2',
      'input of rate.text: expected /y/, was "x"',
      'by_rating ran, but must not run',
      'praise did not run',
    ].join('\n'),
  });
  expect(code).toBe(1);
  expect(server.executions.size).toBe(0);
});

test('fleet test shows the failed scenario, its path, and the tasks and cases that no scenario reaches', async () => {
  const { code, stdout } = await fleetTest(['ScenWrong', '--title', 'expects another output']);
  expect(code).toBe(1);
  expect(stdout).toContain('✗ expects another output, path and input');
  expect(stdout).toContain('path: rate (FAILED: busy) → rate → by_rating [bad]');
  expect(stdout).toMatch(
    /coverage 3 of 6 \(50 %\); no scenario reaches:\n {4}by_rating +case good\n {4}praise +completes/,
  );
  expect(stdout).toMatch(/0 scenarios passed, 1 failed; coverage 50 %$/);
});

test('fleet test --keep leaves the executions on the server and prints their ids', async () => {
  const { stdout } = await fleetTest(['--title', 'expects another', '--keep']);
  expect([...server.executions.keys()].sort()).toEqual(['dry-1', 'dry-2']);
  for (const id of server.executions.keys()) expect(stdout).toContain(id);
  expect([...server.executions.values()]).toMatchObject([
    { workflowName: 'ScenWrong_dry_run', correlationId: expect.stringMatching(/^fleet-test:/) },
    {},
  ]);
});

test('fleet test reports a coverage below the required percentage', async () => {
  const { stderr } = await fleetTest(['--title', 'expects another output', '--coverage', '51']);
  expect(stderr).toContain('coverage is 50 %');
  const reached = await fleetTest(['--title', 'expects another output', '--coverage', '50']);
  expect(reached.stderr).not.toContain('coverage is');
});

test('fleet test reports an execution that it cannot remove', async () => {
  fake.routes = (request) =>
    request.path.endsWith('/remove') ? { status: 400, body: { status: 400, message: 'no' } } : server.routes(request);
  const { stderr } = await fleetTest(['--title', 'expects another output']);
  expect(stderr).toMatch(/a dry run of ScenWrong could not be removed from the server \(correlation id fleet-test:/);
});

test('if the server refuses a scenario, the scenario fails; if the server does not answer, the command fails', async () => {
  fake.routes = ({ path }) =>
    path === '/api/workflow/test' ? { status: 400, body: { status: 400, message: 'bad loop' } } : undefined;
  expect((await fleetTest(['--title', 'expects another output'])).stdout).toContain('bad loop');
  fake.fault = 'hang-up';
  await expect(fleetTest(['--title', 'expects another output'])).rejects.toMatchObject({ code: 'upstream' });
});

test('fleet test refuses an unknown workflow and suggests a known one; it also refuses an unknown title', async () => {
  await expect(fleetTest(['ScenWong'])).rejects.toMatchObject({
    code: 'not-found',
    remedy: expect.stringContaining('ScenWrong'),
  });
  await expect(fleetTest(['--title', 'no such title'])).rejects.toMatchObject({ code: 'not-found' });
});

test('Ctrl-C ends fleet test, which then removes its executions from the server', async () => {
  const interrupting = new AbortController();
  fake.routes = (request) => {
    if (request.path === '/api/workflow/test') interrupting.abort(new Error('Ctrl-C'));
    return server.routes(request);
  };
  await expect(fleetTest([], interrupting.signal)).rejects.toMatchObject({ code: 'cancelled' });
  expect(server.executions.size).toBe(0);
});

test('N8: if the server is away, fleet test reports only that', async () => {
  await fake.close();
  const noted: string[] = [];
  const settings = { conductorServerUrl: fake.url, workflowsDir: join(root, 'workflows') };
  const ran = runCommand(testCommand, [], { settings, onLine: (line) => void noted.push(line) });
  await expect(ran).rejects.toMatchObject({ code: 'upstream', message: expect.stringContaining('Cannot reach') });
  expect(noted).toEqual([]);
});
