import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { approvalWorkflow, raceOneApproval } from '../race/race-round.ts';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';
import { realConductor, runFleetCommand } from '../support/product.ts';

const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000', MCP_TOOLSETS: 'all' };
const prefix = `opr_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const order = `${prefix}_order`;
const plain = `${prefix}_plain`;
const foreign = `${prefix}_foreign`;
const conductor = realConductor();
let client: McpClient;

const human = (ref: string, about: Record<string, unknown> = {}) => ({
  name: `${prefix}_${ref}`,
  taskReferenceName: ref,
  type: 'HUMAN',
  inputParameters: about,
});
const wait = (ref: string) => ({ name: `${prefix}_${ref}`, taskReferenceName: ref, type: 'WAIT', inputParameters: {} });
const set = (ref: string, values: Record<string, unknown>) => ({
  name: ref,
  taskReferenceName: ref,
  type: 'SET_VARIABLE',
  inputParameters: values,
});
const script = (ref: string, expression: string) => ({
  name: ref,
  taskReferenceName: ref,
  type: 'INLINE',
  inputParameters: { evaluatorType: 'graaljs', expression },
});
const ends = (ref: string, terminationStatus: string) => ({
  name: ref,
  taskReferenceName: ref,
  type: 'TERMINATE',
  inputParameters: { terminationStatus, terminationReason: ref },
});

const definitions = {
  // As in the shipped template, a variable carries the decision into a branch.
  [order]: {
    tasks: [
      human('decide', { what: '${workflow.input.what}' }),
      set('keep', { approved: '${decide.output.approved}', comment: '${decide.output.comment}' }),
      {
        name: 'branch',
        taskReferenceName: 'branch',
        type: 'SWITCH',
        evaluatorType: 'value-param',
        expression: 'approved',
        inputParameters: { approved: '${workflow.variables.approved}' },
        decisionCases: { true: [script('ship', '"sent"')], false: [ends('stop', 'COMPLETED')] },
        defaultCase: [ends('no_decision', 'FAILED')],
      },
    ],
    outputParameters: {
      approved: '${workflow.variables.approved}',
      comment: '${workflow.variables.comment}',
      shipped: '${ship.output.result}',
    },
  },
  [plain]: { tasks: [human('look'), wait('go'), script('done', '1')], outputParameters: {} },
  [foreign]: { tasks: [human('review')], outputParameters: { verdict: '${review.output.verdict}' } },
};

const start = (name: string, input: Record<string, unknown> = {}, correlationId = `${prefix}_1`) =>
  conductor.startWorkflow({ name, input, correlationId });
const execution = (id: string) => conductor.getExecution(id);

async function ok(name: string, args: Record<string, unknown>, by = client) {
  const answer = await by.call(name, args);
  expect(answer.isError, answer.text).toBe(false);
  return answer;
}

async function refused(name: string, args: Record<string, unknown>, by = client) {
  const answer = await by.call(name, args);
  expect(answer.isError, answer.text).toBe(true);
  return answer.text;
}

beforeAll(async () => {
  for (const [name, def] of Object.entries(definitions))
    await conductor.putWorkflowDef({ name, version: 1, schemaVersion: 2, ...def });
  client = await connect('2026-07-28', stdioTarget(env));
});
afterAll(async () => {
  await client.close();
  conductor.close();
});

test('list_pending_approvals lists waiting tasks in pages; each shows its question and the effects of yes and no', async () => {
  const correlationId = `${prefix}_list`;
  const orders = [
    await start(order, { what: 'desk' }, correlationId),
    await start(order, { what: 'lamp' }, correlationId),
  ];
  const signal = await start(plain, {}, correlationId);
  await conductor.updateTask({
    workflowInstanceId: signal,
    taskId: (await execution(signal)).tasks[0]?.taskId ?? '',
    status: 'COMPLETED',
  });
  const list = async (args = {}) => (await ok('list_pending_approvals', { correlationId, ...args })).structured;
  await expect.poll(async () => (await list()).total, { timeout: 10_000 }).toBe(3);

  const { pending } = await list({ workflowName: order });
  expect(pending).toMatchObject([
    {
      executionId: orders[0],
      taskRef: 'decide',
      type: 'HUMAN',
      correlationId,
      about: '{"what":"desk"}',
      onApprove: 'ship, the execution ends',
      onReject: 'stop (ends it as COMPLETED)',
    },
    { executionId: orders[1], about: '{"what":"lamp"}' },
  ]);
  const waits = await list({ executionId: signal });
  expect(waits.pending).toMatchObject([
    { taskRef: 'go', type: 'WAIT', onApprove: 'done, the execution ends', onReject: 'the execution fails' },
  ]);

  const first = await list({ limit: 2 });
  await ok('decide_approval', { executionId: orders[0], taskRef: 'decide', decision: 'approve', reason: 'needed' });
  const rest = await list({ limit: 2, cursor: first.nextCursor });
  const ids = [first, rest].flatMap(({ pending: rows }) =>
    (rows as { executionId: string }[]).map(({ executionId }) => executionId),
  );
  expect(ids.sort()).toEqual([...orders, signal].sort());
  await Promise.all([orders[1] ?? '', signal].map((id) => conductor.terminate(id, 'end of test')));
});

describe('a decision', () => {
  test('a decision is stored with its author and time; a later decision is refused, and the error shows the first', async () => {
    const [yes, no] = [await start(order, { what: 'desk' }), await start(order, { what: 'yacht' })];
    const approved = await ok('decide_approval', {
      executionId: yes,
      taskRef: 'decide',
      decision: 'approve',
      reason: 'needed',
      output: { budget: 7 },
    });
    expect(approved.structured).toMatchObject({
      decision: 'approve',
      confirmedByPerson: false,
      taskStatus: 'COMPLETED',
    });
    expect(await conductor.waitForEnd(yes)).toMatchObject({
      status: 'COMPLETED',
      output: { approved: true, comment: 'needed', shipped: 'sent' },
    });
    const [task] = (await execution(yes)).tasks;
    expect(task?.outputData).toMatchObject({
      approved: true,
      reason: 'needed',
      budget: 7,
      decidedBy: 'local',
      decidedAt: expect.stringMatching(/^2\d{3}-/),
    });

    await ok('decide_approval', { executionId: no, taskRef: 'decide', decision: 'reject', reason: 'too dear' });
    expect(await conductor.waitForEnd(no)).toMatchObject({
      status: 'COMPLETED',
      variables: { approved: false, comment: 'too dear' },
    });
    const late = await refused('decide_approval', {
      executionId: no,
      taskRef: 'decide',
      decision: 'approve',
      reason: 'please',
    });
    expect(late).toMatch(
      /^Error \(conflict\): decide was rejected by local at .*, with the reason "too dear". This call decided nothing\./,
    );
  });

  test('if no task reads the decision, a no fails the waiting task and a yes continues the execution', async () => {
    const [yes, no] = [await start(plain), await start(plain)];
    await ok('decide_approval', { executionId: yes, taskRef: 'look', decision: 'approve', reason: 'fine' });
    await expect
      .poll(async () => (await execution(yes)).tasks.at(-1))
      .toMatchObject({ referenceTaskName: 'go', status: 'IN_PROGRESS' });
    await ok('decide_approval', { executionId: yes, taskRef: 'go', decision: 'approve', reason: 'go' });
    expect(await conductor.waitForEnd(yes)).toMatchObject({ status: 'COMPLETED' });
    await ok('decide_approval', { executionId: no, taskRef: 'look', decision: 'reject', reason: 'not like this' });
    expect(await conductor.waitForEnd(no)).toMatchObject({
      status: 'FAILED',
      reasonForIncompletion: expect.stringContaining('not like this'),
    });
  });

  test('decide_approval refuses a decision without the fields that the definition reads, and an unknown task', async () => {
    const id = await start(foreign);
    const args = { executionId: id, taskRef: 'review', decision: 'approve', reason: 'good' };
    expect(await refused('decide_approval', args)).toMatch(
      /^Error \(input\): The workflow reads the decision of review from verdict/,
    );
    expect(await refused('decide_approval', { ...args, output: { approved: false } })).toContain(
      'must not hold approved',
    );
    expect(await refused('decide_approval', { ...args, taskRef: 'revew' })).toContain(
      `decide_approval {"executionId":"${id}","taskRef":"review"`,
    );
    expect(await refused('signal_workflow', { executionId: id, taskRef: 'review' })).toMatch(
      /waits for a person, not for a signal[\s\S]*decide_approval \{/,
    );
    await ok('decide_approval', { ...args, output: { verdict: 'ok' } });
    expect(await conductor.waitForEnd(id)).toMatchObject({ status: 'COMPLETED', output: { verdict: 'ok' } });
  });
});

describe('several people who decide', () => {
  let http: HttpProcess;
  beforeAll(async () => {
    http = await startHttpProcess(env);
  });
  afterAll(() => http.stop());

  test('S2: if eight people decide at the same time through two processes, exactly one wins, and the others are told who', async () => {
    const workflow = `${prefix}_race`;
    await conductor.putWorkflowDef(approvalWorkflow(workflow));
    const others = await Promise.all(Array.from({ length: 4 }, () => connect('2026-07-28', { url: http.url })));
    const clients = [client, ...others, client, client, client];
    for (let round = 0; round < 4; round++) {
      const { winners, faults } = await raceOneApproval(conductor, workflow, clients);
      expect(faults).toEqual([]);
      expect(winners).toHaveLength(1);
    }
    expect((await conductor.listWorkflowNames()).filter((name) => name.startsWith('fleet_decide_lock_'))).toEqual([]);
    await Promise.all(others.map((other) => other.close()));
  });

  test('if one person decides on the command line and another through MCP, exactly one decision wins', async () => {
    const id = await start(order, { what: 'desk' });
    const decide = client.call('decide_approval', {
      executionId: id,
      taskRef: 'decide',
      decision: 'approve',
      reason: 'needed',
    });
    const [ran, answer] = await Promise.all([
      runFleetCommand(['complete', id, 'decide', '--output', '{"approved":false}']),
      decide,
    ]);
    expect([ran.code === 0, !answer.isError].filter(Boolean)).toHaveLength(1);
  });

  test.each(eras)(
    'a %s client shows the person the question and the effect, and nothing is decided until the person confirms',
    async (era) => {
      const id = await start(order, { what: 'desk' });
      const asked: string[] = [];
      let content: { confirm: boolean } | undefined;
      const asking = await connect(era, era === '2025-11-25' ? stdioTarget(env) : { url: http.url }, (message) => {
        asked.push(message);
        return content ? { action: 'accept', content } : { action: 'decline' };
      });
      const args = { executionId: id, taskRef: 'decide', decision: 'approve', reason: 'needed' };
      expect(await refused('decide_approval', args, asking)).toContain(
        'The person did not confirm. Nothing was decided.',
      );
      content = { confirm: false };
      expect(await refused('decide_approval', args, asking)).toContain('Nothing was decided.');
      expect((await execution(id)).tasks[0]).toMatchObject({ status: 'IN_PROGRESS', outputData: {} });
      expect(asked[0]).toMatch(/^Approve decide of [\s\S]*desk[\s\S]*What follows: "ship, the execution ends"$/);
      content = { confirm: true };
      const { structured } = await ok('decide_approval', args, asking);
      expect(structured).toMatchObject({ confirmedByPerson: true });
      expect(await conductor.waitForEnd(id)).toMatchObject({ output: { approved: true } });
      await asking.close();
    },
  );
});
