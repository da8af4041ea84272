import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, callerOf, isAllowed } from '../../mcp/admission/permissions.ts';
import { catalogue } from '../../mcp/api/catalogue.ts';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import executeWorkflow from '../../mcp/tools/execute-workflow.ts';
import invokeApi from '../../mcp/tools/invoke-api.ts';
import rerunWorkflow from '../../mcp/tools/rerun-workflow.ts';
import retryWorkflow from '../../mcp/tools/retry-workflow.ts';
import signalWorkflow from '../../mcp/tools/signal-workflow.ts';
import skipTask from '../../mcp/tools/skip-task.ts';
import updateTask from '../../mcp/tools/update-task.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
let server: ExecutionStore;
let definitions: Record<string, unknown>;
let before = 0;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  server = new ExecutionStore();
  definitions = {};
  fake.routes = (request) => {
    const def = request.method === 'GET' && definitions[request.path.split('/')[4] ?? ''];
    if (request.path.startsWith('/api/metadata/workflow/') && def) return { body: def };
    if (request.path === '/api/metadata/workflow/names-and-versions')
      return { body: Object.fromEntries(Object.keys(definitions).map((name) => [name, [{ name, version: 1 }]])) };
    if (request.path === '/api/metadata/workflow' && request.method === 'GET')
      return { body: Object.values(definitions) };
    return server.routes(request);
  };
  before = fake.requests.length;
});

const who = (role: 'operator' | 'admin', id = 'ann'): Partial<ToolContext> => {
  const caller: Caller = { ...callerOf(role, id), knownBy: 'token' };
  return { caller, allows: (one) => isAllowed(caller, one) };
};
const call = (tool: Tool, args: Record<string, unknown>, by = who('operator')) => callTool(fake.url, tool, args, by);
const changing = () =>
  fake.requests.slice(before).flatMap(({ method, path, body }) => (method === 'GET' ? [] : [{ path, body }]));
const refused = async (work: Promise<unknown>, text: RegExp, remedy = /./) => {
  const sent = changing().length;
  await expect(work).rejects.toMatchObject({
    code: 'denied',
    message: expect.stringMatching(text),
    remedy: expect.stringMatching(remedy),
  });
  expect(changing().slice(sent)).toEqual([]);
};

const gated = storedDef('orders', [
  defTask('check', 'check_amount', { type: 'SIMPLE' }),
  defTask('log', 'SIMPLE'),
  defTask('big', 'SWITCH', {
    evaluatorType: 'value-param',
    expression: 'big',
    inputParameters: { big: '${check.output.big}' },
    decisionCases: { true: [defTask('prepare', 'SIMPLE'), defTask('approve', 'HUMAN')] },
  }),
  defTask('verdict', 'SWITCH', {
    inputParameters: { ok: '${approve.output.approved}' },
    defaultCase: [defTask('stop', 'TERMINATE')],
  }),
  defTask('pay', 'SIMPLE', { inputParameters: { amount: '${workflow.input.amount}' } }),
]);
const ran = (ref: string, changes: Record<string, unknown> = {}) => ({
  referenceTaskName: ref,
  taskType: ref,
  ...changes,
});
const approve = ran('approve', { taskType: 'HUMAN' });
const past = [ran('check'), ran('big', { taskType: 'SWITCH' }), approve, ran('pay', { status: 'FAILED' })];
const startedBy = (id: string) => ({ taskToDomain: { 'fleet:started-by': id } });
const add = (id: string, tasks: Record<string, unknown>[], changes: Record<string, unknown> = {}) =>
  server.add(id, tasks, { workflowName: 'orders', workflowDefinition: gated, ...startedBy('ann'), ...changes });
const ended = { status: 'FAILED', input: { amount: 7 } };
const rerun = (args: Record<string, unknown>, by = who('operator')) =>
  call(rerunWorkflow, { executionId: 'exec-1', ...args }, by);

describe('S: a rerun', () => {
  test('with changed input of a task needs workflows:write, because the input can hold code or an address', async () => {
    add('exec-1', past, ended);
    await refused(rerun({ taskRef: 'check', taskInput: { url: 'http://10.0.0.1' } }), /taskInput can bring code/);
    await rerun({ taskRef: 'check', taskInput: { url: 'x' } }, who('admin'));
    expect(changing()).toHaveLength(1);
  });

  test('with changed data from behind a gate that was passed needs workflows:write; from before it, the gate asks again', async () => {
    add('exec-1', past, ended);
    const workflowInput = { amount: 7000 };
    await refused(
      rerun({ taskRef: 'pay', workflowInput }),
      /approve was passed with other data/,
      /from before approve/,
    );
    await rerun({ taskRef: 'check', workflowInput });
    server.change('exec-1', ended);
    await rerun({ workflowInput });
    server.change('exec-1', ended);
    await rerun({ taskRef: 'pay', workflowInput }, who('admin'));
    server.change('exec-1', ended);
    await rerun({ taskRef: 'pay' });
    expect(changing()).toHaveLength(4);
  });

  test('with changed data that begins at the gate is refused too, because the gate would ask its old question', async () => {
    const flat = storedDef('orders', [
      defTask('check', 'SIMPLE'),
      defTask('approve', 'HUMAN'),
      defTask('pay', 'SIMPLE'),
    ]);
    add('exec-1', [ran('check'), approve, ran('pay')], { ...ended, workflowDefinition: flat });
    await refused(
      rerun({ taskRef: 'approve', workflowInput: { amount: 9 } }),
      /approve was passed/,
      /"taskRef":"check"/,
    );
  });

  test('sees gates in sub-workflows, and above a sub-workflow', async () => {
    const parent = storedDef('parent', [
      defTask('sub', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'orders' } }),
      defTask('pay', 'SIMPLE'),
    ]);
    add('child', [approve], { status: 'COMPLETED', parentWorkflowId: 'exec-1' });
    add('exec-1', [ran('sub', { taskType: 'SUB_WORKFLOW', subWorkflowId: 'child' }), ran('pay')], {
      ...ended,
      workflowDefinition: parent,
    });
    await refused(rerun({ taskRef: 'pay', workflowInput: { amount: 9 } }), /approve of child was passed/);

    const plain = storedDef('plain', [defTask('pay', 'SIMPLE')]);
    add('root', past, ended);
    add('exec-1', [ran('pay')], { ...ended, workflowDefinition: plain, parentWorkflowId: 'root' });
    await refused(rerun({ workflowInput: { amount: 9 } }), /approve of root was passed/);
    const restart = { executionIds: ['exec-1'], mode: 'restart_latest' };
    await refused(call(retryWorkflow, restart), /approve of root was passed/);
  });

  test.each(['operator', 'admin'] as const)(
    'with changed data by an %s who did not start the execution is refused, if it has a gate',
    async (role) => {
      add('exec-1', [ran('check'), approve], ended);
      await refused(
        rerun({ workflowInput: { amount: 9 } }, who(role, 'bob')),
        /only the caller who started/,
        /execute_workflow \{"name":"orders"/,
      );
      const plain = storedDef('plain', [defTask('pay', 'SIMPLE')]);
      add('exec-1', [ran('pay')], { ...ended, workflowDefinition: plain });
      await rerun({ workflowInput: { amount: 9 } }, who(role, 'bob'));
      expect(changing()).toHaveLength(1);
    },
  );
});

describe('S: a skip', () => {
  const skip = (taskRef: string, by = who('operator')) => call(skipTask, { executionId: 'exec-1', taskRef }, by);

  test.each([
    ['a gate', 'approve'],
    ['a task whose result decides whether the gate is reached', 'check'],
    ['a task that holds a gate', 'big'],
    ['a task that reads the answer of the gate', 'verdict'],
  ])('of %s needs workflows:write', async (_, ref) => {
    add('exec-1', []);
    await refused(skip(ref), /cannot be skipped/);
    expect(changing()).toEqual([]);
  });

  test('of a task on which nothing depends stays possible, also for any task of a workflow without gates', async () => {
    add('exec-1', []);
    await skip('log');
    const plain = storedDef('plain', [
      defTask('check', 'SIMPLE'),
      defTask('pay', 'SIMPLE', { inputParameters: { a: '${check.output.a}' } }),
    ]);
    add('exec-1', [], { workflowDefinition: plain });
    await skip('check');
    expect(changing()).toHaveLength(2);
  });

  test('in a sub-workflow counts the gates of the execution above it', async () => {
    const child = storedDef('child', [defTask('risk', 'SIMPLE')], {
      outputParameters: { risk: '${risk.output.risk}' },
    });
    add('root', []);
    add('exec-1', [], { workflowDefinition: child, parentWorkflowId: 'root' });
    await refused(skip('risk'), /cannot be skipped/);
  });
});

describe('S: other ways round a gate', () => {
  test('a signal does not take the place of a decision', async () => {
    const def = storedDef('orders', [defTask('go', 'WAIT')], { outputParameters: { ok: '${go.output.approved}' } });
    add('exec-1', [ran('go', { taskType: 'WAIT', status: 'IN_PROGRESS' })], { workflowDefinition: def });
    await expect(call(signalWorkflow, { executionId: 'exec-1', output: { approved: true } })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('is an approval'),
      remedy: expect.stringContaining('decide_approval'),
    });
    expect(changing()).toEqual([]);
  });

  test('update_task never ends a HUMAN task, also not one that was set IN_PROGRESS and polled', async () => {
    add('exec-1', [ran('approve', { taskType: 'HUMAN', status: 'IN_PROGRESS', workerId: 'mcp:ann', pollCount: 1 })]);
    const update = { executionId: 'exec-1', taskRef: 'approve', status: 'complete', output: { approved: true } };
    await expect(call(updateTask, update, who('admin'))).rejects.toMatchObject({ code: 'conflict' });
    expect(changing()).toEqual([]);
  });

  test.each([
    [
      'a definition of a sub-workflow',
      defTask('a', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'x', workflowDefinition: '${workflow.input.code}' } }),
    ],
    [
      'tasks of a fork',
      defTask('a', 'FORK_JOIN_DYNAMIC', {
        dynamicForkTasksParam: 'tasks',
        inputParameters: { tasks: '${workflow.input.code}' },
      }),
    ],
    [
      'a task type',
      defTask('a', 'DYNAMIC', { dynamicTaskNameParam: 'type', inputParameters: { type: '${workflow.input.code}' } }),
    ],
    [
      'a request to start a workflow',
      defTask('a', 'START_WORKFLOW', { inputParameters: { startWorkflow: '${workflow.input.code}' } }),
    ],
    ['a script', defTask('a', 'INLINE', { inputParameters: { expression: '${workflow.input.code}' } })],
  ])('an input that the definition runs as %s needs workflows:write', async (_, task) => {
    definitions.dynamic = storedDef('dynamic', [task]);
    const start = (input: Record<string, unknown>, by = who('operator')) =>
      call(executeWorkflow, { name: 'dynamic', input }, by);
    await refused(start({ code: 'HTTP' }), /runs its input code as code/);
    const body = { name: 'dynamic', input: { code: 'HTTP' } };
    await refused(call(invokeApi, { operation: 'startWorkflow', body }), /runs its input code as code/);
    await start({ code: 'HTTP' }, who('admin'));
    await start({ other: 1 });
    expect(changing().filter(({ path }) => path === '/api/workflow')).toHaveLength(2);
  });

  test('every route that writes needs workflows:write, or says why it is harmless', () => {
    const open = catalogue.filter(
      ({ method, permission, refused: no }) => method !== 'GET' && !no && permission !== 'workflows:write',
    );
    const unproven = open.filter(({ permission, harmless }) => !permission.endsWith(':read') && !harmless);
    expect(unproven.map(({ name }) => name)).toEqual([]);
    expect(open.map(({ name }) => name)).not.toEqual(expect.arrayContaining(['rerunWorkflow']));
  });

  test.each(['rerunWorkflow', 'agentRerunExecution', 'skipTask', 'restartWorkflow', 'signalAgent', 'injectTask'])(
    'an operator may not call %s of the API',
    async (operation) => {
      const path = { workflowId: 'exec-1', executionId: 'exec-1', taskReferenceName: 'approve' };
      await refused(call(invokeApi, { operation, path, body: { taskInput: {} }, confirm: true }), /workflows:write/);
    },
  );

  test.each(['updateTask', 'updateTaskByRef', 'signalWorkflow', 'respondToAgent', 'pollTask', 'startWorkflowByName'])(
    'no role may call %s of the API',
    async (operation) => {
      await expect(call(invokeApi, { operation, confirm: true }, who('admin'))).rejects.toMatchObject({
        message: expect.stringContaining('refuses it for every role'),
      });
      expect(changing()).toEqual([]);
    },
  );
});
