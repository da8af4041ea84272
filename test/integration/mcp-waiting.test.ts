import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Tool, ToolContext } from '../../mcp/engine/define-tool.ts';
import decideApproval from '../../mcp/tools/decide-approval.ts';
import listPendingApprovals from '../../mcp/tools/list-pending-approvals.ts';
import signalWorkflow from '../../mcp/tools/signal-workflow.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool } from '../support/tool-calls.ts';

let fake: FakeConductor;
let server: ExecutionStore;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  server = new ExecutionStore();
  fake.routes = (request) => {
    if (request.path === '/api/metadata/workflow' && request.method === 'GET') return { body: [orders, plain] };
    return server.routes(request);
  };
});

const call = (tool: Tool, args: Record<string, unknown>, changes: Partial<ToolContext> = {}) =>
  callTool(fake.url, tool, args, changes);

/** Plays a person who answers every form in the same way. `shown` contains the messages of the forms. */
function person(action: 'accept' | 'decline', confirm = true) {
  const shown: string[] = [];
  const elicit = (async (_key: string, { message }: { message: string }) => {
    shown.push(message);
    return action === 'accept' ? { action, content: { confirm } } : { action };
  }) as unknown as ToolContext['elicit']; // cast: these tools show only one kind of form
  return { shown, elicit };
}

const orders = storedDef('orders', [
  defTask('approve', 'HUMAN'),
  defTask('branch', 'SWITCH', {
    evaluatorType: 'value-param',
    expression: 'approved',
    inputParameters: { approved: '${approve.output.approved}' },
    decisionCases: { true: [defTask('ship', 'HTTP')] },
    defaultCase: [defTask('stop', 'TERMINATE', { inputParameters: { terminationStatus: 'FAILED' } })],
  }),
]);
const plain = storedDef('plain', [defTask('look', 'HUMAN'), defTask('go', 'WAIT')]);
const foreign = storedDef('foreign', [defTask('review', 'HUMAN')], {
  outputParameters: { verdict: '${review.output.verdict}' },
});

const waiting = (ref: string, taskType: string, rest: Record<string, unknown> = {}) => ({
  referenceTaskName: ref,
  taskDefName: ref,
  taskType,
  status: 'IN_PROGRESS',
  outputData: {},
  endTime: 0,
  ...rest,
});
const human = (ref: string, rest = {}) => waiting(ref, 'HUMAN', rest);
const wait = (ref: string, rest = {}) => waiting(ref, 'WAIT', rest);
const add = (id: string, def: Record<string, unknown>, tasks: Record<string, unknown>[], changes = {}) =>
  server.add(id, tasks, { workflowName: def.name, workflowDefinition: def, ...changes });

const answers = (id: string) =>
  server
    .execution(id)
    .tasks.map(({ referenceTaskName, status, outputData }) => ({ referenceTaskName, status, outputData }));

describe('list_pending_approvals', () => {
  test('list_pending_approvals lists tasks that wait for a person or a signal, the oldest first, with the effects of yes and no', async () => {
    add('exec-new', orders, [human('approve', { startTime: 3000, inputData: { amount: 7 } })], {
      correlationId: 'c-1',
    });
    add('exec-old', plain, [wait('go', { startTime: 1000 })]);
    add('exec-timed', plain, [wait('go', { inputData: { duration: '1h' } })]);
    add('exec-done', orders, [human('approve', { status: 'COMPLETED' })], { status: 'COMPLETED' });
    const { structured } = await call(listPendingApprovals, {});
    expect(structured).toMatchObject({
      total: 2,
      pending: [
        { executionId: 'exec-old', taskRef: 'go', type: 'WAIT', onReject: 'the execution fails' },
        {
          executionId: 'exec-new',
          taskRef: 'approve',
          type: 'HUMAN',
          correlationId: 'c-1',
          about: '{"amount":7}',
          onApprove: 'ship, the execution ends',
          onReject: 'stop (ends it as FAILED)',
        },
      ],
    });
  });

  test('list_pending_approvals filters by workflow, execution and correlation id', async () => {
    add('exec-a', orders, [human('approve')], { correlationId: 'c-1' });
    add('exec-b', plain, [human('look'), wait('go')], { correlationId: 'c-2' });
    const refs = async (filter: Record<string, string>) => {
      const { pending } = (await call(listPendingApprovals, filter)).structured as { pending: { taskRef: string }[] };
      return pending.map(({ taskRef }) => taskRef).sort();
    };
    expect(await refs({ workflowName: 'orders' })).toEqual(['approve']);
    expect(await refs({ executionId: 'exec-b' })).toEqual(['go', 'look']);
    expect(await refs({ correlationId: 'c-2' })).toEqual(['go', 'look']);
    expect(await refs({ correlationId: 'c-3' })).toEqual([]);
  });

  test('the next page begins after the last row of the page before, even if earlier rows were answered in between', async () => {
    for (const number of [1, 2, 3]) add(`exec-${number}`, orders, [human('approve', { startTime: number * 1000 })]);
    const first = await call(listPendingApprovals, { limit: 2 });
    expect(first.structured.pending).toMatchObject([{ executionId: 'exec-1' }, { executionId: 'exec-2' }]);
    server.change('exec-1', { tasks: [] });
    const { nextCursor: cursor } = first.structured;
    const second = await call(listPendingApprovals, { limit: 2, cursor });
    expect(second.structured.pending).toMatchObject([{ executionId: 'exec-3' }]);
    expect(second.structured).not.toHaveProperty('nextCursor');
    await expect(call(listPendingApprovals, { cursor: 'made up' })).rejects.toMatchObject({ code: 'input' });
  });
});

describe('decide_approval', () => {
  const decide = (args: Record<string, unknown>, changes: Partial<ToolContext> = {}) =>
    call(
      decideApproval,
      { executionId: 'exec-1', taskRef: 'approve', decision: 'approve', reason: 'fine', ...args },
      changes,
    );

  test('decide_approval stores the decision, its author and its reason in the task, and shows the effect', async () => {
    add('exec-1', orders, [human('approve')]);
    const { structured, text } = await decide({ output: { note: 'n' } });
    expect(structured).toMatchObject({ decision: 'approve', confirmedByPerson: false, taskStatus: 'COMPLETED' });
    expect(text).toContain('ship, the execution ends');
    expect(answers('exec-1')).toMatchObject([
      { status: 'COMPLETED', outputData: { approved: true, reason: 'fine', note: 'n', confirmedByPerson: false } },
    ]);
  });

  test('a no completes the task if the definition reads the decision, and otherwise fails the task', async () => {
    add('exec-1', orders, [human('approve')]);
    add('exec-2', plain, [human('look')]);
    await decide({ decision: 'reject' });
    expect(answers('exec-1')).toMatchObject([{ status: 'COMPLETED', outputData: { approved: false } }]);
    await decide({ executionId: 'exec-2', taskRef: 'look', decision: 'reject' });
    expect(answers('exec-2')).toMatchObject([{ status: 'FAILED_WITH_TERMINAL_ERROR' }]);
  });

  test('decide_approval shows the person the decision, and decides nothing without a confirmation', async () => {
    add('exec-1', orders, [human('approve', { inputData: { amount: 7 } })], { correlationId: 'c-1' });
    for (const no of [person('decline'), person('accept', false)]) {
      await expect(decide({}, { elicit: no.elicit })).rejects.toMatchObject({ code: 'cancelled' });
    }
    expect(answers('exec-1')).toMatchObject([{ status: 'IN_PROGRESS' }]);
    const { shown, elicit } = person('accept');
    expect((await decide({ output: { note: 'n' } }, { elicit })).structured).toMatchObject({ confirmedByPerson: true });
    expect(shown[0]).toContain('Approve approve of orders v1?');
    for (const part of ['amount', 'c-1', 'fine', 'note', 'ship']) expect(shown[0]).toContain(part);
    expect(answers('exec-1')).toMatchObject([{ outputData: { confirmedByPerson: true } }]);
  });

  test('decide_approval requires the fields from which a definition of another author reads the decision', async () => {
    add('exec-1', foreign, [human('review')]);
    await expect(decide({ taskRef: 'review' })).rejects.toMatchObject({
      code: 'input',
      message: expect.stringContaining('verdict'),
      remedy: expect.stringContaining('"output":{"verdict":null}'),
    });
    await decide({ taskRef: 'review', output: { verdict: 'yes' } });
    expect(answers('exec-1')).toMatchObject([{ status: 'COMPLETED', outputData: { verdict: 'yes' } }]);
  });

  test.each(['approved', 'decidedBy', 'confirmedByPerson'])(
    'decide_approval refuses an output with the field %s',
    async (field) => {
      add('exec-1', orders, [human('approve')]);
      await expect(decide({ output: { [field]: true } })).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining(field),
      });
      expect(answers('exec-1')).toMatchObject([{ status: 'IN_PROGRESS' }]);
    },
  );

  test('if the task was decided before, the error shows this decision and the task that waits now', async () => {
    const outputData = { approved: false, reason: 'too much', decidedBy: 'ann', decidedAt: '2026-01-01T00:00:00Z' };
    add('exec-1', plain, [human('approve', { status: 'COMPLETED', outputData }), human('look')]);
    await expect(decide({})).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(/rejected by ann at 2026-01-01T00:00:00Z.*too much/),
      remedy: expect.stringContaining('"taskRef":"look"'),
    });
  });

  test.each([
    ['answered by another tool', { status: 'COMPLETED', outputData: { any: 1 } }, 'any'],
    ['cancelled', { status: 'CANCELED' }, 'CANCELED'],
    ['not of a type that waits for a decision', { taskType: 'HTTP', status: 'SCHEDULED' }, 'HTTP'],
  ])('decide_approval refuses a task that is %s', async (_, changes, what) => {
    add('exec-1', orders, [human('approve', changes)]);
    await expect(decide({})).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(what) });
  });

  test('decide_approval refuses an unknown task and an unknown execution', async () => {
    add('exec-1', orders, [], { status: 'COMPLETED' });
    await expect(decide({})).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('COMPLETED'),
    });
    await expect(decide({ executionId: 'exec-9' })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('decide_approval fails if another person decides at the same time', async () => {
    add('exec-1', orders, [human('approve')]);
    fake.routes = (request) => {
      // Another person decides after we have read the task and before we hold its lock.
      if (request.path === '/api/metadata/workflow' && request.method === 'POST') {
        const outputData = { approved: true, reason: 'r', decidedBy: 'bob', decidedAt: '2026-01-01T00:00:00Z' };
        server.change('exec-1', {
          tasks: [{ ...server.execution('exec-1').tasks[0], status: 'COMPLETED', outputData }],
        });
      }
      return server.routes(request);
    };
    await expect(decide({ decision: 'reject' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('bob'),
    });
    expect(answers('exec-1')).toMatchObject([{ outputData: { approved: true } }]);
  });
});

describe('signal_workflow', () => {
  const signal = (args: Record<string, unknown> = {}) => call(signalWorkflow, { executionId: 'exec-1', ...args });

  test('signal_workflow completes the only open WAIT with the output', async () => {
    add('exec-1', plain, [human('look'), wait('go')]);
    expect((await signal({ output: { paid: true } })).structured).toMatchObject({ taskRef: 'go', status: 'RUNNING' });
    expect(answers('exec-1')).toMatchObject([
      { referenceTaskName: 'look', status: 'IN_PROGRESS' },
      { referenceTaskName: 'go', status: 'COMPLETED', outputData: { paid: true } },
    ]);
  });

  test('signal_workflow says that a paused execution continues only after resume_workflow', async () => {
    add('exec-1', plain, [wait('go')], { status: 'PAUSED' });
    expect((await signal()).text).toContain('resume_workflow {"executionIds":["exec-1"]}');
  });

  test('signal_workflow requires a task if several WAITs are open', async () => {
    add('exec-1', plain, [wait('go'), wait('come')]);
    await expect(signal()).rejects.toMatchObject({
      code: 'input',
      remedy: expect.stringMatching(/"go".* or .*"come"/),
    });
    expect((await signal({ taskRef: 'come' })).structured).toMatchObject({ taskRef: 'come' });
  });

  test('if no WAIT is open, the error suggests calls for the waiting tasks in the execution and its sub-workflows', async () => {
    const child = {
      referenceTaskName: 'sub',
      taskType: 'SUB_WORKFLOW',
      status: 'IN_PROGRESS',
      subWorkflowId: 'exec-2',
    };
    add('exec-1', plain, [human('look'), child]);
    add('exec-2', plain, [wait('go')]);
    await expect(signal()).rejects.toMatchObject({
      code: 'conflict',
      remedy: expect.stringMatching(/decide_approval .*"look".* or signal_workflow .*"exec-2"/),
    });
  });

  test.each([
    ['has ended', { status: 'COMPLETED' }, 'COMPLETED'],
    ['is for a person', { taskType: 'HUMAN' }, 'person'],
    ['ends by itself', { inputData: { duration: '1h' } }, 'ends by itself'],
    ['is of another type', { taskType: 'HTTP' }, 'HTTP'],
    ['does not exist', { referenceTaskName: 'other' }, 'no open task'],
  ])('signal_workflow refuses a task that %s, and says why', async (_, changes, what) => {
    add('exec-1', plain, [wait('go', changes)]);
    await expect(signal({ taskRef: 'go' })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(what),
    });
  });

  test('signal_workflow refuses an execution that has ended', async () => {
    add('exec-1', plain, [], { status: 'TERMINATED' });
    await expect(signal()).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('TERMINATED') });
  });
});
