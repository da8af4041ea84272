import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Tool } from '../../mcp/engine/define-tool.ts';
import decideApproval from '../../mcp/tools/decide-approval.ts';
import invokeApi from '../../mcp/tools/invoke-api.ts';
import rerunWorkflow from '../../mcp/tools/rerun-workflow.ts';
import signalWorkflow from '../../mcp/tools/signal-workflow.ts';
import skipTask from '../../mcp/tools/skip-task.ts';
import updateTask from '../../mcp/tools/update-task.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool, testClaim } from '../support/tool-calls.ts';

let fake: FakeConductor;
let server: ExecutionStore;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
let before = 0;
beforeEach(() => {
  server = new ExecutionStore();
  fake.routes = server.routes;
  before = fake.requests.length;
});

const call = (tool: Tool, args: Record<string, unknown>) =>
  callTool(fake.url, tool, { executionId: 'exec-1', ...args });
const changing = () =>
  fake.requests.slice(before).flatMap(({ method, path, body }) => (method === 'GET' ? [] : [{ path, body }]));

const reads = (ref: string, other: string) => defTask(ref, 'HTTP', { inputParameters: { x: `\${${other}.output.x}` } });
const def = storedDef('orders', [
  defTask('reserve', 'HTTP'),
  defTask('charge', 'HTTP'),
  reads('ship', 'charge'),
  defTask('fork', 'FORK_JOIN', {
    forkTasks: [[defTask('left', 'HTTP'), defTask('left_end', 'HTTP')], [defTask('right', 'HTTP')]],
  }),
  defTask('join', 'JOIN', { joinOn: ['left_end', 'right'] }),
  defTask('rounds', 'DO_WHILE', { loopCondition: 'false', loopOver: [defTask('round', 'HTTP')] }),
  defTask('notify', 'HTTP'),
]);
const ran = (ref: string, changes: Record<string, unknown> = {}) => ({
  referenceTaskName: ref,
  taskType: 'HTTP',
  ...changes,
});
const add = (tasks: Record<string, unknown>[], changes: Record<string, unknown> = {}) =>
  server.add('exec-1', tasks, { workflowName: 'orders', workflowDefinition: def, ...changes });

describe('skip_task', () => {
  test('skip_task skips a task that was not reached, and names the tasks that read its output', async () => {
    add([ran('reserve')]);
    expect((await call(skipTask, { taskRef: 'charge' })).structured).toEqual({
      executionId: 'exec-1',
      taskRef: 'charge',
      skipped: true,
      status: 'RUNNING',
      readBy: ['ship'],
    });
    expect(changing()).toEqual([{ path: '/api/workflow/exec-1/skiptask/charge', body: undefined }]);
  });

  test('skip_task changes nothing if the task was skipped already', async () => {
    add([ran('reserve'), ran('charge', { status: 'SKIPPED' })]);
    expect((await call(skipTask, { taskRef: 'charge' })).structured).toMatchObject({ skipped: false });
    expect(changing()).toEqual([]);
  });

  test.each([
    ['in a loop', 'round'],
    ['that is a fork', 'fork'],
    ['that is a JOIN', 'join'],
    ['that begins a branch', 'left'],
    ['that a JOIN waits for', 'left_end'],
  ])('skip_task refuses a task %s, because the execution would hang', async (_, taskRef) => {
    add([ran('reserve')]);
    await expect(call(skipTask, { taskRef })).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringContaining('pause_workflow'),
    });
    expect(changing()).toEqual([]);
  });

  test.each([
    ['was reached', [ran('charge', { status: 'IN_PROGRESS' })], {}, 'conflict', 'get_execution_status'],
    [
      'waits for a person',
      [ran('charge', { status: 'IN_PROGRESS', taskType: 'HUMAN' })],
      {},
      'conflict',
      'decide_approval',
    ],
    ['is in a paused execution', [], { status: 'PAUSED' }, 'conflict', 'resume_workflow'],
    ['is in an ended execution', [], { status: 'FAILED' }, 'conflict', 'get_execution_status'],
  ])('skip_task refuses a task that %s, and suggests what to do', async (_, tasks, changes, code, remedy) => {
    add(tasks, changes);
    await expect(call(skipTask, { taskRef: 'charge' })).rejects.toMatchObject({
      code,
      remedy: expect.stringContaining(remedy),
    });
    expect(changing()).toEqual([]);
  });

  test('for an unknown task, skip_task names the most similar tasks', async () => {
    add([]);
    await expect(call(skipTask, { taskRef: 'chargee' })).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringContaining('charge'),
    });
  });

  test('skip_task fails if the execution reaches the task at the same time', async () => {
    add([ran('reserve')]);
    fake.routes = (request) => {
      if (request.path.endsWith('/skiptask/charge')) add([ran('reserve'), ran('charge', { status: 'IN_PROGRESS' })]);
      return server.routes(request);
    };
    await expect(call(skipTask, { taskRef: 'charge' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('IN_PROGRESS'),
    });
  });
});

describe('rerun_workflow', () => {
  const ended = { status: 'FAILED', input: { orderId: 'o-1', amount: 7 } };
  const failed = [ran('reserve'), ran('charge', { status: 'FAILED', inputData: { a: 1, b: 2 } })];
  const reruns = () => changing().map(({ body }) => body);

  test('rerun_workflow runs the whole execution again', async () => {
    add(failed, ended);
    expect((await call(rerunWorkflow, {})).structured).toEqual({
      executionId: 'exec-1',
      before: 'FAILED',
      status: 'RUNNING',
    });
    expect(reruns()).toEqual([{}]);
  });

  test.each([
    ['merge', { a: 9 }, { a: 9, b: 2 }, { orderId: 'o-1', amount: 8 }],
    ['replace', { a: 9 }, { a: 9 }, { amount: 8 }],
  ])(
    'rerun_workflow begins at a task, and changes the input of the task and workflow with the mode %s',
    async (inputMode, taskInput, whole, input) => {
      add(failed, ended);
      await call(rerunWorkflow, { taskRef: 'charge', inputMode, taskInput, workflowInput: { amount: 8 } });
      expect(reruns()).toEqual([{ reRunFromTaskId: 'exec-1-charge', taskInput: whole, workflowInput: input }]);
    },
  );

  test('rerun_workflow begins at the last attempt of a task, or at its last round in a loop', async () => {
    const attempts = [
      ran('charge', { taskId: 'first', status: 'FAILED' }),
      ran('charge', { taskId: 'second', status: 'FAILED' }),
    ];
    add([...attempts, ran('round__1', { taskId: 'r1' }), ran('round__2', { taskId: 'r2' })], ended);
    await call(rerunWorkflow, { taskRef: 'charge' });
    add([...attempts, ran('round__1', { taskId: 'r1' }), ran('round__2', { taskId: 'r2' })], ended);
    await call(rerunWorkflow, { taskRef: 'round' });
    expect(reruns()).toEqual([{ reRunFromTaskId: 'second' }, { reRunFromTaskId: 'r2' }]);
  });

  test('rerun_workflow says that the task keeps its old input if only the workflow input changes', async () => {
    add(failed, ended);
    expect((await call(rerunWorkflow, { taskRef: 'charge', workflowInput: { amount: 8 } })).text).toContain(
      'That task kept its old input',
    );
    expect(reruns()).toEqual([{ reRunFromTaskId: 'exec-1-charge', workflowInput: { orderId: 'o-1', amount: 8 } }]);
  });

  test.each([
    ['in a branch', 'right', /"taskRef":"ship"/],
    ['that is a fork', 'fork', /"taskRef":"ship"/],
    ['that is not in the definition', 'made_up', /rerun_workflow \{"executionId":"exec-1"\}/],
  ])('rerun_workflow refuses to begin at a task %s, and suggests where to begin', async (_, taskRef, remedy) => {
    add([ran(taskRef, { status: 'FAILED' })], ended);
    await expect(call(rerunWorkflow, { taskRef })).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringMatching(remedy),
    });
    await expect(call(rerunWorkflow, { taskRef })).rejects.toMatchObject({
      remedy: expect.stringContaining('retry_workflow {"executionIds":["exec-1"]}'),
    });
    expect(reruns()).toEqual([]);
  });

  test.each([
    ['a running execution', { status: 'RUNNING' }, {}, 'conflict', 'terminate_workflow'],
    ['from a task that the execution never reached', {}, { taskRef: 'ship' }, 'not-found', 'get_execution_status'],
    ['with a task input but without a task', {}, { taskInput: {} }, 'input', 'get_execution_status'],
  ])('rerun_workflow refuses to run %s', async (_, changes, args, code, remedy) => {
    add(failed, { ...ended, ...changes });
    await expect(call(rerunWorkflow, args)).rejects.toMatchObject({ code, remedy: expect.stringContaining(remedy) });
    expect(reruns()).toEqual([]);
  });

  test('rerun_workflow refuses to change the input of a sub-workflow, and to merge into an input that the server hides', async () => {
    add([ran('charge', { taskType: 'SUB_WORKFLOW', subWorkflowId: 'exec-2' })], ended);
    await expect(call(rerunWorkflow, { taskRef: 'charge', taskInput: { a: 1 } })).rejects.toMatchObject({
      code: 'input',
      remedy: expect.stringContaining('"executionId":"exec-2"'),
    });
    add([ran('charge', { externalInputPayloadStoragePath: 's3://x', inputData: {} })], ended);
    await expect(call(rerunWorkflow, { taskRef: 'charge', taskInput: { a: 1 } })).rejects.toMatchObject({
      code: 'input',
      remedy: expect.stringContaining('"inputMode":"replace"'),
    });
    await call(rerunWorkflow, { taskRef: 'charge', taskInput: { a: 1 }, inputMode: 'replace' });
    expect(reruns()).toEqual([{ reRunFromTaskId: 'exec-1-charge', taskInput: { a: 1 } }]);
  });
});

describe('M8: update_task ends an open task in the place of its worker', () => {
  const charge = (changes: Record<string, unknown> = {}) =>
    ran('charge', { taskType: 'charge_card', taskDefName: 'charge_card', status: 'IN_PROGRESS', ...changes });
  const end = (args: Record<string, unknown>) => call(updateTask, { taskRef: 'charge', status: 'complete', ...args });

  test('M8: it completes the task that is named by execution and reference', async () => {
    add([charge({ workerId: 'vm-7' })]);
    const { text, structured } = await end({ output: { paid: true } });
    expect(structured).toEqual({ status: 'COMPLETED', taskRef: 'charge', executionId: 'exec-1' });
    expect(text).toContain('Worker vm-7 had it; the server ignores what that worker still reports.');
    expect(server.execution('exec-1').tasks[0]).toMatchObject({ status: 'COMPLETED', outputData: { paid: true } });
    expect(changing().at(-1)?.body).toBe('COMPLETED by local through MCP');
  });

  test('M8: it fails the task in the latest round of a loop, also if no worker has taken it', async () => {
    add([
      charge({ referenceTaskName: 'charge__1', status: 'COMPLETED' }),
      charge({ referenceTaskName: 'charge__2', status: 'SCHEDULED' }),
    ]);
    const { structured } = await end({ status: 'fail', reason: 'the bank is gone', retryable: false });
    expect(structured).toMatchObject({ status: 'FAILED_WITH_TERMINAL_ERROR', taskRef: 'charge__2' });
  });

  test.each([
    ['HUMAN', 'IN_PROGRESS', 'decide_approval {"executionId":"exec-1","taskRef":"charge"'],
    ['WAIT', 'IN_PROGRESS', 'signal_workflow {"executionId":"exec-1","taskRef":"charge"'],
    ['HTTP', 'SCHEDULED', 'diagnose_execution {"executionId":"exec-1"}'],
    ['charge_card', 'COMPLETED', 'get_execution_status {"executionId":"exec-1","taskRef":"charge"}'],
    ['charge_card', 'FAILED', 'retry_workflow {"executionIds":["exec-1"]}'],
  ])('M8: it refuses a %s task that is %s, and names the call for it', async (taskType, status, next) => {
    add([charge({ taskType, status })]);
    const refusal = end({ output: {} });
    await expect(refusal).rejects.toMatchObject({ code: 'conflict', remedy: expect.stringContaining(next) });
    expect(changing()).toEqual([]);
  });

  test('M8: an output must match the schema of the task definition', async () => {
    const schema = { type: 'JSON', data: { type: 'object', properties: { paid: {} }, required: ['paid'] } };
    add([charge({ taskDefinition: { name: 'charge_card', outputSchema: schema } })]);
    await expect(end({ output: {} })).rejects.toMatchObject({ code: 'input' });
    expect(changing()).toEqual([]);
  });

  test.each([
    [{ claimId: testClaim }, 'takes either claimId, or executionId together with taskRef'],
    [{ taskRef: undefined }, 'takes either claimId, or executionId together with taskRef'],
    [{ status: 'release' }, 'Status release needs a claimId'],
    [{ taskRef: 'nope' }, 'The execution has no task "nope" yet'],
  ])('M8: it refuses %j', async (args, message) => {
    add([charge()]);
    await expect(end(args)).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(changing()).toEqual([]);
  });

  test('M8: decide_approval and signal_workflow name this call for a task of a worker', async () => {
    add([charge()]);
    const next = 'update_task {"executionId":"exec-1","taskRef":"charge","status":"complete","output":{}}';
    const signal = call(signalWorkflow, { taskRef: 'charge' });
    await expect(signal).rejects.toMatchObject({ remedy: expect.stringContaining(next) });
    const decision = call(decideApproval, { taskRef: 'charge', decision: 'approve', reason: 'r' });
    await expect(decision).rejects.toMatchObject({ remedy: expect.stringContaining(next) });
  });

  test('M8: invoke_api names the tool instead, and does not say that a person could allow the route', async () => {
    const path = { workflowId: 'exec-1', taskRefName: 'charge', status: 'COMPLETED' };
    const refusal = callTool(fake.url, invokeApi, { operation: 'updateTaskByRef', path, body: {} });
    await expect(refusal).rejects.toMatchObject({ code: 'input', remedy: expect.stringContaining('update_task') });
  });
});
