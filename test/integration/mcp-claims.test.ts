import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../core/log.ts';
import { claimIdOf } from '../../mcp/agents/claims.ts';
import { Leases } from '../../mcp/agents/leases.ts';
import claimTask from '../../mcp/tools/claim-task.ts';
import updateTask from '../../mcp/tools/update-task.ts';
import { type FakeConductor, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { callTool, conductorAt, otherSeal, testClaim } from '../support/tool-calls.ts';

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  fake.routes = () => undefined;
});

/** The requests to the server during this work, which must succeed. */
const during = async (work: Promise<unknown>) => {
  const before = fake.requests.length;
  await work;
  return fake.requests.slice(before);
};
const asked = (work: Promise<unknown>) => during(work.catch(() => undefined));

describe('a claimed task', () => {
  const held = (changes: Record<string, unknown> = {}) =>
    fakeTask({
      taskType: 'charge',
      taskDefName: 'charge',
      status: 'IN_PROGRESS',
      workerId: 'mcp:local',
      pollCount: 1,
      startTime: Date.now(),
      responseTimeoutSeconds: 1,
      ...changes,
    });
  const serve = (state: () => Record<string, unknown>) => {
    fake.routes = ({ method, path }) => {
      if (path.startsWith('/api/tasks/poll/batch/')) return { body: [state()] };
      if (method === 'GET' && path === '/api/tasks/task-1') return { body: state() };
      if (method === 'POST' && path === '/api/tasks') return { body: 'task-1' };
      return undefined;
    };
  };
  const leasesOf = (silenceMs?: number) =>
    new Leases({
      conductor: async () => conductorAt(fake.url),
      log: silentLogger,
      ...(silenceMs !== undefined && { silenceMs }),
    });
  const beats = () => fake.requests.filter(({ body }) => (body as { extendLease?: boolean } | undefined)?.extendLease);
  const until = async (holds: () => boolean) => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
  };

  test('the lease of a claimed task is extended until its agent has made no call for too long', async () => {
    serve(() => held());
    const leases = leasesOf(1500);
    const before = beats().length;
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    await until(() => beats().length > before + 1);
    await callTool(fake.url, updateTask, { claimId: testClaim, status: 'progress' }, { leases });
    const said = beats().length;
    await until(() => beats().length > said + 1);
    await until(() => leases.size === 0);
    expect(beats().length - before).toBeLessThan(15);
  });

  test('the lease of a claimed task is not extended past the timeoutSeconds of its definition', async () => {
    const startTime = Date.now() - 50_000;
    serve(() => held({ startTime, taskDefinition: { name: 'charge', timeoutSeconds: 60 } }));
    const leases = leasesOf();
    const { structured } = await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    expect(structured.keptUntil).toBe(`${new Date(startTime + 60_000).toISOString().slice(0, 19)}Z`);
    await leases.close({ giveBack: false });
  });

  test('a claimed task is not handed back if another worker has it by now', async () => {
    let task = held();
    serve(() => task);
    const leases = leasesOf();
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    task = held({ pollCount: 2, workerId: 'other' });
    const requests = await asked(leases.close({ giveBack: true }));
    expect(requests.map(({ method }) => method)).not.toContain('POST');
    expect(leases.size).toBe(0);
  });

  test('a claimed task is handed back at once when the process of its agent ends', async () => {
    serve(() => held());
    const leases = leasesOf();
    await callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { leases });
    const requests = await asked(leases.close({ giveBack: true }));
    const updates = requests.filter(({ method }) => method === 'POST').map(({ body }) => body);
    expect(updates).toEqual([expect.objectContaining({ status: 'IN_PROGRESS', callbackAfterSeconds: 0 })]);
  });

  test('a task is handed back if its client disconnected during the poll', async () => {
    serve(() => held());
    const signal = AbortSignal.abort();
    const requests = await asked(
      callTool(fake.url, claimTask, { taskTypes: ['charge'] }, { signal, leases: leasesOf() }),
    );
    expect(requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  test('S: a claim is refused if another caller uses it, or if its poll count or seal was made up', async () => {
    serve(() => held({ pollCount: 2 }));
    const guessed = testClaim.replace(':1:', ':2:');
    const other = claimIdOf({ taskId: 'task-1', pollCount: 2 }, otherSeal);
    for (const claimId of [guessed, other, `task-1:2:${'A'.repeat(22)}`]) {
      const before = fake.requests.length;
      const update = callTool(fake.url, updateTask, { claimId, status: 'complete', output: { a: 1 } });
      await expect(update).rejects.toMatchObject({ code: 'denied' });
      expect(fake.requests.slice(before)).toEqual([]);
    }
    await expect(callTool(fake.url, updateTask, { claimId: 'task-1:2', status: 'release' })).rejects.toMatchObject({
      code: 'input',
    });
  });

  test.each(['HUMAN', 'WAIT', 'HTTP', 'team:HUMAN'])('S: claim_task refuses tasks of the type %s', async (type) => {
    const requests = await during(
      expect(callTool(fake.url, claimTask, { taskTypes: ['charge', type] })).rejects.toMatchObject({
        code: 'input',
        message: expect.stringContaining(type),
      }),
    );
    expect(requests).toEqual([]);
  });

  test('S: a HUMAN task that a poll returns is neither claimed nor changed, and its claim is worth nothing', async () => {
    const human = held({ taskType: 'HUMAN' });
    let handedOut = false;
    fake.routes = ({ method, path }) => {
      if (path.startsWith('/api/tasks/poll/batch/')) {
        const body = handedOut ? [] : [human];
        handedOut = true;
        return { body };
      }
      if (path === '/api/metadata/taskdefs') return { body: [{ name: 'charge' }] };
      return method === 'GET' && path === '/api/tasks/task-1' ? { body: human } : undefined;
    };
    const requests = await during(callTool(fake.url, claimTask, { taskTypes: ['charge'] }));
    const update = { claimId: testClaim, status: 'complete', output: { approved: true } };
    const later = await during(
      expect(callTool(fake.url, updateTask, update)).rejects.toMatchObject({ code: 'conflict' }),
    );
    expect([...requests, ...later].map(({ method }) => method)).not.toContain('POST');
  });

  test('update_task says that the lease is lost if the server accepted the result but ignored it', async () => {
    let ended = false;
    serve(() => held(ended ? { status: 'TIMED_OUT' } : {}));
    const routes = fake.routes;
    fake.routes = (request) => {
      ended ||= request.method === 'POST';
      return routes(request);
    };
    const update = { claimId: testClaim, status: 'complete', output: { a: 1 } };
    await expect(callTool(fake.url, updateTask, update)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('The lease was lost'),
    });
  });

  test('claim_task does not return a task of an execution that was undone, but fails it without a retry', async () => {
    let handedOut = false;
    fake.routes = ({ method, path }) => {
      if (path.startsWith('/api/tasks/poll/batch/')) {
        const body = handedOut ? [] : [held({ inputData: { _undoneBy: 'exec-2' } })];
        handedOut = true;
        return { body };
      }
      if (path === '/api/metadata/taskdefs') return { body: [{ name: 'charge' }] };
      return method === 'POST' ? { body: 'task-1' } : undefined;
    };
    const before = fake.requests.length;
    const { structured } = await callTool(fake.url, claimTask, { taskTypes: ['charge'] });
    expect(structured).toEqual({ claimed: false });
    const updates = fake.requests.slice(before).filter(({ method }) => method === 'POST');
    expect(updates.map(({ body }) => body)).toEqual([
      expect.objectContaining({ status: 'FAILED_WITH_TERMINAL_ERROR' }),
    ]);
  });
});
