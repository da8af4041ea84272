import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import complete from '../../cli/commands/complete.ts';
import { type FakeConductor, fakeExecution, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { runCommand } from '../support/run-command.ts';

let fake: FakeConductor;
beforeEach(async () => {
  fake = await startFakeConductor();
});
afterEach(() => fake.close());

const fleet = (command: typeof complete, ...args: string[]) =>
  runCommand(command, args, { settings: { conductorServerUrl: fake.url } });
const sent = (method: string, path: string) =>
  fake.requests.filter((request) => request.method === method && request.path === path).map(({ body }) => body);

describe('fleet complete', () => {
  const human = (ref: string, changes: Record<string, unknown> = {}) =>
    fakeTask({
      taskId: `task-${ref}`,
      taskType: 'HUMAN',
      referenceTaskName: ref,
      workflowType: 'fake_flow',
      status: 'IN_PROGRESS',
      inputData: { amount: 7 },
      outputData: {},
      startTime: Date.now() - 65_000,
      endTime: 0,
      ...changes,
    });

  /** Lets the fake server return one execution with these waiting tasks. */
  function waiting(tasks: Record<string, unknown>[], changes: Record<string, unknown> = { status: 'RUNNING' }) {
    const byId = new Map(tasks.map((task) => [String(task.taskId), task]));
    fake.routes = ({ method, path, body }) => {
      if (path === '/api/workflow/exec-1') return { body: fakeExecution({ tasks: [...byId.values()], ...changes }) };
      if (path === '/api/tasks/search') {
        const rows = [...byId.keys(), 'task-gone'].map((taskId) => ({
          taskId,
          taskType: 'HUMAN',
          workflowId: 'exec-1',
          status: 'IN_PROGRESS',
        }));
        return { body: { totalHits: rows.length, results: rows } };
      }
      if (path.endsWith('/log')) return { body: '' };
      if (path === '/api/tasks' && method === 'POST') {
        const { taskId } = body as { taskId: string };
        byId.set(taskId, { ...byId.get(taskId), ...(body as object) });
        return { body: taskId };
      }
      const task = byId.get(path.split('/')[3] ?? '');
      return task && { body: task };
    };
  }

  test('fleet complete without an id lists waiting tasks, but not those that were answered or removed since the search', async () => {
    waiting([human('approve'), human('answered', { status: 'COMPLETED' })]);
    const { stdout, stderr } = await fleet(complete);
    expect(stdout).toMatch(/^exec-1 {2}approve +1 min \d+ s {2}fake_flow \{"amount":7\}$/);
    expect(stderr).toContain('1 of 3');
    const { results } = JSON.parse((await fleet(complete, '--json')).stdout);
    expect(results).toMatchObject([{ referenceTaskName: 'approve' }]);
  });

  test('fleet complete lists the longest wait first, as list_pending_approvals does', async () => {
    const now = Date.now();
    waiting([human('b', { startTime: now - 1000 }), human('a', { startTime: now - 9000 })]);
    const { results } = JSON.parse((await fleet(complete, '--json')).stdout);
    expect(results).toMatchObject([{ referenceTaskName: 'a' }, { referenceTaskName: 'b' }]);
  });

  test('fleet complete completes the only task that waits', async () => {
    waiting([human('approve')]);
    const { stdout } = await fleet(complete, 'exec-1', '--output', '{"approved":true}', '--json');
    expect(JSON.parse(stdout)).toEqual({ workflowId: 'exec-1', taskReferenceName: 'approve', status: 'COMPLETED' });
    expect(sent('POST', '/api/tasks')).toMatchObject([{ status: 'COMPLETED', outputData: { approved: true } }]);
  });

  test('S2: fleet complete records who decided what, as decide_approval does', async () => {
    waiting([human('approve')], { status: 'RUNNING', taskToDomain: { 'fleet:started-by': 'local' } });
    const { stderr } = await fleet(complete, 'exec-1', '--output', '{"approved":true}');
    const [{ outputData }] = sent('POST', '/api/tasks') as [{ outputData: { approvalRecord: { shown: string } } }];
    const { shown } = outputData.approvalRecord;
    expect(shown).toMatch(/^approve asks about: .*amount.*7.*\nExecution exec-1\.$/);
    expect(stderr).toContain(shown);
    expect(outputData).toEqual({
      approved: true,
      decidedBy: 'local',
      decidedAt: expect.stringMatching(/^2\d{3}-.*Z$/),
      approvalRecord: {
        shown,
        shownSha256: createHash('sha256').update(shown).digest('hex'),
        deciderId: 'local',
        knownBy: 'the command line says so',
        startedBy: 'local',
        decidedByStarter: true,
      },
    });
  });

  test('S2: fleet complete does not take the record from its caller, and a signal has none', async () => {
    waiting([human('approve')]);
    await expect(fleet(complete, 'exec-1', '--output', '{"decidedBy":"bob"}')).rejects.toMatchObject({ code: 'input' });
    expect(sent('POST', '/api/tasks')).toEqual([]);
    waiting([human('go', { taskType: 'WAIT', inputData: {} })]);
    await fleet(complete, 'exec-1', '--output', '{"decidedBy":"bob"}');
    expect(sent('POST', '/api/tasks')).toMatchObject([{ outputData: { decidedBy: 'bob' } }]);
  });

  test('fleet complete --fail fails the task without a retry, with the given reason', async () => {
    waiting([human('approve'), human('other')]);
    expect((await fleet(complete, 'exec-1', 'other', '--fail', 'too expensive')).stdout).toBe(
      'other FAILED_WITH_TERMINAL_ERROR',
    );
    expect(sent('POST', '/api/tasks')).toMatchObject([
      { taskId: 'task-other', status: 'FAILED_WITH_TERMINAL_ERROR', reasonForIncompletion: 'too expensive' },
    ]);
  });

  test.each([
    ['several tasks wait and the call names none', [human('a'), human('b')], {}, [], 'input', /a, b/],
    ['the named task does not wait', [human('a')], {}, ['b'], 'conflict', /a/],
    ['no task waits', [], {}, [], 'conflict', /fleet status exec-1/],
    ['the execution has ended', [human('a', { status: 'CANCELED' })], { status: 'TERMINATED' }, [], 'conflict', /./],
  ])('fleet complete changes nothing if %s', async (_, tasks, changes, ref, errorCode, remedy) => {
    waiting(tasks, { status: 'RUNNING', ...changes });
    await expect(fleet(complete, 'exec-1', ...ref)).rejects.toMatchObject({
      code: errorCode,
      remedy: expect.stringMatching(remedy),
    });
    expect(sent('POST', '/api/tasks')).toEqual([]);
  });
});
