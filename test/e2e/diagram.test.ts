import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Execution, Task, WorkflowDef } from '../../core/conductor/types.ts';
import { realConductor, runFleetCommand, unique } from '../support/product.ts';

const conductor = realConductor();
const folder = mkdtempSync(join(tmpdir(), 'diagram-'));
const name = unique('diag').replace('-', '_');
const taskName = `${name}_task`;
let execution: Execution;

const inline = (ref: string, expression: string) => ({
  name: ref,
  taskReferenceName: ref,
  type: 'INLINE',
  inputParameters: { evaluatorType: 'graaljs', expression },
});

const FORKED = `(function () { return {
  tasks: [
    { name: 'd0', taskReferenceName: 'd0', type: 'NOOP' },
    { name: 'd1', taskReferenceName: 'd1', type: 'SUB_WORKFLOW',
      subWorkflowParam: { name: '${name}_child', version: 1,
        workflowDefinition: { name: '${name}_child', version: 1, tasks: [{ name: 'n', taskReferenceName: 'n', type: 'INLINE',
          inputParameters: { evaluatorType: 'graaljs', expression: '1' } }] } } }],
  inputs: { d0: {}, d1: {} } } })()`;

const def: WorkflowDef = {
  name,
  version: 1,
  schemaVersion: 2,
  tasks: [
    {
      name: 'which',
      taskReferenceName: 'which',
      type: 'SWITCH',
      evaluatorType: 'value-param',
      expression: 'size',
      inputParameters: { size: '${workflow.input.size}' },
      decisionCases: { big: [inline('in_big', '1')], small: [inline('in_small', '2')] },
      defaultCase: [inline('in_other', '3')],
    },
    {
      name: 'both',
      taskReferenceName: 'both',
      type: 'FORK_JOIN',
      forkTasks: [
        // The JOIN waits for `settled`. A JOIN on a retried task may fail the execution between the two attempts.
        [
          { name: taskName, taskReferenceName: 'flaky', type: 'SIMPLE' },
          { name: 'settled', taskReferenceName: 'settled', type: 'NOOP' },
        ],
        [inline('steady', '4')],
      ],
    },
    { name: 'joined', taskReferenceName: 'joined', type: 'JOIN', joinOn: ['settled', 'steady'] },
    {
      name: 'rounds',
      taskReferenceName: 'rounds',
      type: 'DO_WHILE',
      loopCondition: "if ($.rounds['iteration'] < 3) { true; } else { false; }",
      loopOver: [inline('inner', '5')],
    },
    inline('make', FORKED),
    {
      name: 'fan',
      taskReferenceName: 'fan',
      type: 'FORK_JOIN_DYNAMIC',
      dynamicForkTasksParam: 'ts',
      dynamicForkTasksInputParamName: 'ins',
      inputParameters: { ts: '${make.output.result.tasks}', ins: '${make.output.result.inputs}' },
    },
    { name: 'fanned', taskReferenceName: 'fanned', type: 'JOIN', joinOn: [] },
  ],
};

/** Plays the worker: the first attempt of the task fails, the second succeeds. */
async function serve(): Promise<void> {
  for (const status of ['FAILED', 'COMPLETED'] as const) {
    const { taskId, workflowInstanceId } = await polled();
    await conductor.updateTask({ taskId, workflowInstanceId, status, outputData: {} });
  }
}

async function polled(): Promise<Task> {
  for (;;) {
    const [task] = await conductor.pollTasks(taskName, { count: 1, timeoutMs: 2000, workerId: name });
    if (task) return task;
  }
}

beforeAll(async () => {
  await conductor.putTaskDefs([
    {
      name: taskName,
      retryCount: 2,
      retryLogic: 'FIXED',
      retryDelaySeconds: 1,
      timeoutSeconds: 60,
      responseTimeoutSeconds: 30,
    },
  ]);
  await conductor.putWorkflowDef(def);
  const workflowId = await conductor.startWorkflow({ name, input: { size: 'small' } });
  await serve();
  execution = await conductor.waitForEnd(workflowId);
  expect(execution).toMatchObject({ status: 'COMPLETED' });
});

afterAll(() => {
  conductor.close();
  rmSync(folder, { recursive: true, force: true });
});

const TIME = String.raw`\d+(\.\d+)? m?s`;

/** Returns the id of the execution that the sub-workflow task started. */
const childId = () =>
  execution.tasks.find(({ referenceTaskName }) => referenceTaskName === 'd1')?.subWorkflowId ?? 'none';

describe('an execution with every kind of task', () => {
  test('in the terminal', async () => {
    const { code, stdout } = await runFleetCommand(['diagram', execution.workflowId]);
    expect(code).toBe(0);
    const shown = (pattern: string) => expect(stdout).toMatch(new RegExp(pattern));
    shown(`^${name} v1 · COMPLETED · ${TIME}\n${execution.workflowId}\n`);
    shown('├─ ◇ which +SWITCH +✔ COMPLETED');
    shown('→ big \\(not taken\\)\n.*in_big +INLINE +· not run');
    shown(`→ small \\(taken\\)\n.*in_small +INLINE +✔ COMPLETED · ${TIME}`);
    shown(`flaky +SIMPLE ${taskName} +✔ COMPLETED · ${TIME} · 2 attempts`);
    shown('↻ rounds +DO_WHILE +✔ COMPLETED.*3 rounds');
    expect(stdout.match(/→ round \d\n/g)).toEqual(['→ round 1\n', '→ round 2\n', '→ round 3\n']);
    shown(`d1 +SUB_WORKFLOW +✔ COMPLETED · ${TIME} .*${name}_child v1, ${childId()}`);
    expect(stdout).not.toContain('\u001b');
  });

  test('as Mermaid', async () => {
    const { code, stdout } = await runFleetCommand(['diagram', execution.workflowId, '--format', 'mermaid']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^flowchart TD\n/);
    expect(stdout).toMatch(new RegExp(`"flaky<br/>SIMPLE ${taskName}<br/>COMPLETED · ${TIME} · 2 attempts"]:::done`));
    expect(stdout).toMatch(/n\d+ -->\|"small \(taken\)"\| n\d+/);
    expect(stdout).toMatch(/n\d+ -\.->\|"big \(not taken\)"\| n\d+/);
    expect(stdout).toMatch(/"in_big<br\/>INLINE<br\/>not run"]:::notrun/);
    expect(stdout).toContain('|"round 3"|');
    expect(stdout).toContain(childId());
  });

  test('as SVG, in a file', async () => {
    const file = join(folder, 'run.svg');
    const { code, stdout, stderr } = await runFleetCommand(['diagram', execution.workflowId, '--out', file]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`Wrote ${file}`);
    const svg = readFileSync(file, 'utf8');
    expect(svg).toMatch(
      new RegExp(`<g class="node task done"><title>flaky\nSIMPLE ${taskName}\nCOMPLETED · ${TIME} · 2 attempts`),
    );
    expect(svg).toMatch(/<g class="node task none dim"><title>in_big\nINLINE\n1\nnot run/);
    for (const label of ['small (taken)', 'big (not taken)', 'otherwise (not taken)', 'round 3']) {
      expect(svg).toContain(`>${label}</text>`);
    }
    expect(svg).toContain(childId());
  });

  test('the diagram shows the durations that the server has recorded', async () => {
    const attempts = execution.tasks.filter(({ referenceTaskName }) => referenceTaskName === 'flaky');
    expect(attempts.map(({ status }) => status)).toEqual(['FAILED', 'COMPLETED']);
    const ms = (attempts[1]?.endTime ?? 0) - (attempts[0]?.startTime ?? 0);
    expect(ms).toBeGreaterThanOrEqual(1000); // the delay between the attempts
    const { stdout } = await runFleetCommand(['diagram', execution.workflowId]);
    expect(stdout).toContain(`COMPLETED · ${(ms / 1000).toFixed(1)} s · 2 attempts`);
  });

  test('fleet diagram draws the output of `fleet status --json`, without a server', async () => {
    const { stdout } = await runFleetCommand(['status', execution.workflowId, '--json']);
    const file = join(folder, 'run.json');
    writeFileSync(file, stdout);
    const drawn = await runFleetCommand(['diagram', file], { CONDUCTOR_SERVER_URL: 'http://127.0.0.1:1/api' });
    expect(drawn.stdout).toBe((await runFleetCommand(['diagram', execution.workflowId])).stdout);
  });
});

test('fleet diagram draws a definition that only the server has, in the requested version', async () => {
  await conductor.putWorkflowDef({ ...def, version: 2, tasks: [inline('alone', '1')] });
  expect((await runFleetCommand(['diagram', name])).stdout).toBe(`${name} v2\n└─ alone  INLINE  1\n`);
  const first = await runFleetCommand(['diagram', name, '--workflow-version', '1']);
  expect(first.stdout).toMatch(new RegExp(`^${name} v1\n├─ ◇ which`));
  const third = await runFleetCommand(['diagram', name, '--workflow-version', '3']);
  expect(third).toMatchObject({ code: 2, stderr: expect.stringContaining(name) });
});

test('the diagram of a running execution shows the task that it waits for', async () => {
  const waiting = `${name}_waits`;
  await conductor.putWorkflowDef({
    ...def,
    name: waiting,
    tasks: [inline('before', '1'), { name: 'hold', taskReferenceName: 'hold', type: 'HUMAN' }, inline('after', '2')],
  });
  const workflowId = await conductor.startWorkflow({ name: waiting, input: {} });
  const { stdout } = await runFleetCommand(['diagram', workflowId]);
  await conductor.terminate(workflowId, 'the picture is taken');
  expect(stdout).toMatch(new RegExp(`^${waiting} v1 · RUNNING`));
  expect(stdout).toMatch(/before +INLINE +✔ COMPLETED/);
  expect(stdout).toMatch(/hold +HUMAN +▶ IN_PROGRESS/);
  expect(stdout).toMatch(/after +INLINE +· not run/);
  const ended = await runFleetCommand(['diagram', workflowId]);
  expect(ended.stdout).toMatch(/TERMINATED · .*\n.*\nreason: the picture is taken/);
  expect(ended.stdout).toMatch(/hold +HUMAN +■ CANCELED/);
});

test('fleet diagram refuses an unknown execution and an unknown workflow', async () => {
  const execution = await runFleetCommand(['diagram', '00000000-0000-4000-8000-000000000000']);
  expect(execution).toMatchObject({ code: 2, stdout: '' });
  expect(execution.stderr).toContain('00000000-0000-4000-8000-000000000000');
  const workflow = await runFleetCommand(['diagram', `${name}_nobody`]);
  expect(workflow).toMatchObject({ code: 2, stderr: expect.stringContaining('The server has no workflow') });
});
