import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Caller, callerOf, isAllowed, type Role } from '../../mcp/admission/permissions.ts';
import type { ToolContext } from '../../mcp/engine/define-tool.ts';
import { recordingStarts } from '../../mcp/operate/starter.ts';
import decideApproval from '../../mcp/tools/decide-approval.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool, conductorAt } from '../support/tool-calls.ts';

let fake: FakeConductor;
let server: ExecutionStore;
beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  server = new ExecutionStore();
  fake.routes = (request) => server.routes(request);
});

const known = (id: string, role: Role = 'operator'): Caller => ({
  ...callerOf(role, id),
  id: `https://idp#${id}`,
  knownBy: 'token',
});
const as = (caller: Caller): Partial<ToolContext> => ({ caller, allows: (one) => isAllowed(caller, one) });
const orders = storedDef('orders', [defTask('approve', 'HUMAN')], {
  outputParameters: { ok: '${approve.output.approved}' },
});
const human = {
  referenceTaskName: 'approve',
  taskType: 'HUMAN',
  status: 'IN_PROGRESS',
  outputData: {},
  inputData: { amount: 7 },
};
const startedBy = (id: string) => ({ taskToDomain: { 'fleet:started-by': id } });
const add = (id: string, changes: Record<string, unknown> = {}) =>
  server.add(id, [human], { workflowName: 'orders', workflowDefinition: orders, ...changes });
const decide = (changes: Partial<ToolContext> = {}, args: Record<string, unknown> = {}) =>
  callTool(
    fake.url,
    decideApproval,
    { executionId: 'exec-1', taskRef: 'approve', decision: 'approve', reason: 'fine', ...args },
    changes,
  );
const output = (id = 'exec-1') => server.execution(id).tasks[0]?.outputData as Record<string, unknown>;
const status = (id = 'exec-1') => server.execution(id).tasks[0]?.status;
const yes = (async () => ({ action: 'accept', content: { confirm: true } })) as unknown as ToolContext['elicit']; // cast: this tool shows one kind of form

describe('S2: the record of a decision', () => {
  test('it holds what was shown, its digest, who decided, how that is known, when, and who started the execution', async () => {
    add('exec-1', startedBy('https://idp#ann'));
    await decide({ ...as(known('bob')), elicit: yes });
    const { approvalRecord, ...fields } = output() as { approvalRecord: { shown: string } & Record<string, unknown> };
    expect(fields).toMatchObject({
      approved: true,
      reason: 'fine',
      decidedBy: 'bob',
      decidedAt: expect.stringMatching(/^2\d{3}-.*Z$/),
      confirmedByPerson: true,
    });
    expect(approvalRecord).toEqual({
      shown: expect.stringMatching(/^Approve approve of orders v1\?\nIt asks about: .*amount.*7/),
      shownSha256: createHash('sha256').update(approvalRecord.shown).digest('hex'),
      deciderId: 'https://idp#bob',
      knownBy: 'authenticated',
      startedBy: 'https://idp#ann',
      decidedByStarter: false,
    });
  });

  test('a caller whom no token names is recorded as said by the client, and an unknown starter as unknown', async () => {
    add('exec-1');
    const unknown = 'It is not known who started this execution';
    expect((await decide()).text).toContain(unknown);
    expect((output().approvalRecord as { shown: string }).shown).toContain(unknown);
    expect(output().approvalRecord).toMatchObject({
      deciderId: 'local',
      knownBy: 'the client says so',
      startedBy: 'unknown',
      decidedByStarter: false,
    });
  });

  test('the record binds data that are too long to show', async () => {
    server.add('exec-1', [{ ...human, inputData: { text: 'x'.repeat(5000) } }], { workflowDefinition: orders });
    await decide();
    const { shown } = output().approvalRecord as { shown: string };
    const whole = createHash('sha256')
      .update(JSON.stringify({ text: 'x'.repeat(5000) }))
      .digest('hex');
    expect(shown).toContain(`cut; SHA-256 of the whole: ${whole}`);
  });

  test('a caller cannot write the record', async () => {
    add('exec-1');
    await expect(decide({}, { output: { approvalRecord: {} } })).rejects.toMatchObject({ code: 'input' });
    expect(status()).toBe('IN_PROGRESS');
  });

  test('S: if the data change after they were shown, nothing is decided', async () => {
    add('exec-1');
    const elicit = (async () => {
      server.change('exec-1', { tasks: [{ ...server.execution('exec-1').tasks[0], inputData: { amount: 7000 } }] });
      return { action: 'accept', content: { confirm: true } };
    }) as unknown as ToolContext['elicit']; // cast: this tool shows one kind of form
    await expect(decide({ elicit })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('asks about something else now'),
    });
    expect(status()).toBe('IN_PROGRESS');
  });
});

describe('S2: the caller who started an execution', () => {
  test.each(['operator', 'admin'] as const)('may not decide its approvals as %s, neither yes nor no', async (role) => {
    add('exec-1', startedBy('https://idp#ann'));
    for (const decision of ['approve', 'reject'])
      await expect(decide({ ...as(known('ann', role)), elicit: yes }, { decision })).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining('may not decide'),
      });
    expect(status()).toBe('IN_PROGRESS');
  });

  test('may not decide an approval in a sub-workflow of it, at any depth', async () => {
    add('root', startedBy('https://idp#ann'));
    add('middle', { parentWorkflowId: 'root' });
    add('exec-1', { parentWorkflowId: 'middle', ...startedBy('https://idp#other') });
    await expect(decide(as(known('ann')))).rejects.toMatchObject({ code: 'denied' });
    await decide(as(known('bob')));
    expect(output().approvalRecord).toMatchObject({ startedBy: 'https://idp#ann' });
  });

  test('without authentication, the one local user confirms in a form, and this is recorded', async () => {
    add('exec-1', startedBy('local'));
    const { text } = await decide({ elicit: yes });
    expect(text).toContain('the record says that the decider also started the execution');
    expect(output()).toMatchObject({ confirmedByPerson: true, approvalRecord: { decidedByStarter: true } });
  });

  test('without authentication and forms, the local user confirms by a second call, which is valid only for this decision', async () => {
    add('exec-1', startedBy('local'));
    const refusal = await decide().catch((error: unknown) => error as { code: string; remedy: string });
    expect(refusal).toMatchObject({ code: 'conflict', remedy: expect.stringContaining('You started this execution') });
    const [, confirm = ''] = /"confirm":"([^"]+)"/.exec('remedy' in refusal ? refusal.remedy : '') ?? [];
    await expect(decide({}, { confirm, decision: 'reject' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(decide({}, { confirm: 'A'.repeat(22) })).rejects.toMatchObject({ code: 'conflict' });
    expect(status()).toBe('IN_PROGRESS');
    await decide({}, { confirm });
    expect(output()).toMatchObject({
      approved: true,
      confirmedByPerson: false,
      approvalRecord: { decidedByStarter: true, knownBy: 'the client says so' },
    });
  });

  test('is recorded at every start, and neither the arguments nor the input can name another', async () => {
    const conductor = recordingStarts(conductorAt(fake.url), known('ann'));
    const forged = { 'fleet:started-by': 'bob', charge: 'eu' };
    const body = { name: 'orders', input: forged, taskToDomain: forged };
    fake.routes = ({ path, method }) =>
      method === 'POST' ? { body: path.includes('scheduler') ? {} : 'exec-1' } : undefined;
    const before = fake.requests.length;
    await conductor.startWorkflow(body);
    const route = { method: 'POST', answer: expect.anything(), body } as never;
    await Promise.allSettled([
      conductor.request({ ...(route as object), path: '/api/workflow' } as never),
      conductor.request({
        ...(route as object),
        path: '/api/workflow/execute/{name}/{version}',
        params: { name: 'a', version: 1 },
      } as never),
      conductor.detached().startWorkflow(body),
    ]);
    const schedule = { name: 's', startWorkflowRequest: body } as never; // cast: the fake server takes any schedule
    await conductor.putSchedule(schedule).catch(() => undefined);
    await conductor
      .request({ ...(route as object), path: '/api/scheduler/schedules', body: schedule } as never)
      .catch(() => undefined);
    const sent = fake.requests.slice(before).map((request) => request.body as Record<string, Record<string, unknown>>);
    expect(sent.length).toBe(6);
    const starter = { 'fleet:started-by': 'https://idp#ann', charge: 'eu' };
    for (const one of sent) expect((one.startWorkflowRequest ?? one).taskToDomain).toEqual(starter);

    const def = storedDef('own', [defTask('a', 'START_WORKFLOW', { inputParameters: { startWorkflow: body } })]);
    for (const store of [
      () => conductor.putWorkflowDef(def as never),
      () => conductor.createWorkflowDef(def as never),
      () => conductor.request({ ...(route as object), path: '/api/event', body: { actions: [body] } } as never),
    ])
      await expect(store()).rejects.toMatchObject({ code: 'input', message: expect.stringContaining('is reserved') });
    expect(fake.requests.length).toBe(before + 6);
  });
});
