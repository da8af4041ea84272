import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { type HttpProcess, startHttpProcess, stdioTarget } from '../support/mcp-process.ts';
import { realConductor } from '../support/product.ts';

const env = { CONDUCTOR_SERVER_URL: inject('conductorServerUrl'), RATE_LIMIT_RPM: '100000', MCP_TOOLSETS: 'all' };
const prefix = `opr_${randomUUID().replaceAll('-', '').slice(0, 8)}`;
const waiting = `${prefix}_waiting`;
const steps = `${prefix}_steps`;
const forked = `${prefix}_forked`;
const parent = `${prefix}_parent`;
const conductor = realConductor();
let client: McpClient;

const inline = (ref: string, expression: string, inputs: Record<string, unknown>) => ({
  name: ref,
  taskReferenceName: ref,
  type: 'INLINE',
  inputParameters: { evaluatorType: 'graaljs', expression, ...inputs },
});
const wait = (ref: string, inputParameters = {}) => ({
  name: `${prefix}_${ref}`,
  taskReferenceName: ref,
  type: 'WAIT',
  inputParameters,
});

const definitions = {
  [waiting]: [wait('go'), inline('then', '$.said', { said: '${go.output.said}' }), wait('later'), wait('last')],
  [steps]: [
    inline('first', '$.v + 1', { v: '${workflow.input.v}' }),
    inline('second', "(function(){ if ($.v > 5) throw new Error('too big'); return $.v * 2 })()", {
      v: '${first.output.result}',
    }),
    inline('third', '$.v + $.w', { v: '${second.output.result}', w: '${workflow.input.w}' }),
  ],
  [forked]: [
    wait('timer', { duration: '1 seconds' }),
    {
      name: 'fork',
      taskReferenceName: 'fork',
      type: 'FORK_JOIN',
      forkTasks: [[wait('a'), wait('b')], [wait('c', { duration: '1 hours' })]],
    },
    { name: 'join', taskReferenceName: 'join', type: 'JOIN', joinOn: ['b', 'c'] },
  ],
  [parent]: [
    { name: 'sub', taskReferenceName: 'sub', type: 'SUB_WORKFLOW', subWorkflowParam: { name: waiting, version: 1 } },
  ],
};

const start = (name: string, input: Record<string, unknown> = {}, correlationId?: string) =>
  conductor.startWorkflow({ name, input, ...(correlationId && { correlationId }) });
const statusOf = async (id: string) => (await conductor.getStatus(id)).status;
const openTasks = async (id: string) =>
  (await conductor.getExecution(id)).tasks
    .filter(({ status }) => status === 'IN_PROGRESS')
    .map((task) => task.referenceTaskName);

/** Calls a tool. If the tool reports an error, the test fails with the tool's message. */
async function ok(name: string, args: Record<string, unknown>, by = client) {
  const answer = await by.call(name, args);
  expect(answer.isError, answer.text).toBe(false);
  return answer;
}

async function refused(name: string, args: Record<string, unknown>) {
  const answer = await client.call(name, args);
  expect(answer.isError, answer.text).toBe(true);
  return answer.text;
}

beforeAll(async () => {
  for (const [name, tasks] of Object.entries(definitions)) {
    await conductor.putWorkflowDef({
      name,
      version: 1,
      schemaVersion: 2,
      tasks,
      outputParameters: { third: '${third.output.result}', said: '${then.output.result}' },
    });
  }
  client = await connect('2026-07-28', stdioTarget(env));
});
afterAll(async () => {
  await client.close();
  const { results } = await conductor.searchExecutions({
    query: `workflowType=${prefix}* AND status IN (RUNNING,PAUSED)`,
    size: 200,
  });
  await Promise.all(results.map(({ workflowId }) => conductor.terminate(workflowId, 'end of test').catch(() => {})));
  conductor.close();
});

describe('one execution', () => {
  test('the tools pause, resume and terminate an execution; an error suggests the right tool', async () => {
    const id = await start(waiting);
    const executionIds = [id];
    const paused = await ok('pause_workflow', { executionIds });
    expect(paused.structured).toMatchObject({
      counts: { changed: 1 },
      executions: [{ before: 'RUNNING', status: 'PAUSED' }],
    });
    const again = await ok('pause_workflow', { executionIds });
    expect(again).toMatchObject({
      text: expect.stringContaining('already PAUSED'),
      structured: { counts: { changed: 0, unchanged: 1 } },
    });
    expect(await refused('retry_workflow', { executionIds })).toContain(
      `Next: Resume it: resume_workflow {"executionIds":["${id}"]}`,
    );
    expect(await refused('rerun_workflow', { executionId: id })).toMatch(
      /only an ended execution[\s\S]*terminate_workflow \{/,
    );
    await ok('resume_workflow', { executionIds });
    expect(await statusOf(id)).toBe('RUNNING');
    await ok('terminate_workflow', { executionIds, reason: 'enough' });
    expect(await conductor.getExecution(id)).toMatchObject({ status: 'TERMINATED', reasonForIncompletion: 'enough' });
    await ok('terminate_workflow', { executionIds, reason: 'again' });
    expect(await refused('pause_workflow', { executionIds })).toMatch(/^Error \(conflict\).*has ended \(TERMINATED\)/);
    expect(await refused('resume_workflow', { executionIds })).toContain(`retry_workflow {"executionIds":["${id}"]}`);
    const unknown = randomUUID();
    expect(await refused('pause_workflow', { executionIds: [unknown] })).toMatch(/^Error \(not-found\)/);
  });

  test('the tools retry an execution, rerun it from a task with changed input, and restart it with the newest definition', async () => {
    const id = await start(steps, { v: 10, w: 1 });
    const executionIds = [id];
    await expect.poll(() => statusOf(id)).toBe('FAILED');
    const retried = await ok('retry_workflow', { executionIds });
    expect(retried.structured).toMatchObject({ counts: { changed: 1 } });
    await expect.poll(() => statusOf(id)).toBe('FAILED');
    const unknown = await refused('rerun_workflow', { executionId: id, taskRef: 'secnd' });
    expect(unknown).toContain('second');
    const rerun = await ok('rerun_workflow', {
      executionId: id,
      taskRef: 'second',
      taskInput: { v: 3 },
      workflowInput: { w: 5 },
    });
    expect(rerun.structured).toMatchObject({ before: 'FAILED', fromTask: 'second' });
    await expect.poll(() => statusOf(id)).toBe('COMPLETED');
    expect(await conductor.getExecution(id)).toMatchObject({ input: { v: 10, w: 5 }, output: { third: 11 } });
    const nothing = await refused('retry_workflow', { executionIds });
    expect(nothing).toContain(`retry_workflow {"executionIds":["${id}"],"mode":"restart"}`);
    await conductor.putWorkflowDef({
      name: steps,
      version: 2,
      schemaVersion: 2,
      tasks: [inline('only', '42', {})],
      outputParameters: { third: '${only.output.result}' },
    });
    await ok('retry_workflow', { executionIds, mode: 'restart_latest' });
    await expect.poll(async () => (await conductor.getExecution(id)).output).toEqual({ third: 42 });
  });

  test('signal_workflow completes a waiting task; for any other task, the error names the waiting task', async () => {
    const id = await start(waiting);
    await expect.poll(() => openTasks(id)).toEqual(['go']);
    expect(await refused('signal_workflow', { executionId: id, taskRef: 'later' })).toMatch(
      /no open task "later"[\s\S]*signal_workflow \{"executionId":"[^"]*","taskRef":"go"\}/,
    );
    await ok('signal_workflow', { executionId: id, output: { said: 'yes' } });
    await expect.poll(() => openTasks(id)).toEqual(['later']);
    const { tasks } = await conductor.getExecution(id);
    expect(tasks.find(({ referenceTaskName }) => referenceTaskName === 'then')?.outputData).toMatchObject({
      result: 'yes',
    });
    await ok('terminate_workflow', { executionIds: [id], reason: 'enough' });
    expect(await refused('signal_workflow', { executionId: id })).toMatch(/^Error \(conflict\).*has ended: TERMINATED/);
  });

  test('signal_workflow names the sub-workflow that waits for a signal, and refuses to signal a timer', async () => {
    const [above, fork] = [await start(parent), await start(forked)];
    await expect.poll(() => openTasks(above)).toEqual(['sub']);
    const child = (await conductor.getExecution(above)).tasks[0]?.subWorkflowId;
    await expect.poll(() => openTasks(String(child))).toEqual(['go']);
    expect(await refused('signal_workflow', { executionId: above })).toContain(
      `signal_workflow {"executionId":"${child}","taskRef":"go"}`,
    );
    expect(await refused('signal_workflow', { executionId: fork, taskRef: 'timer' })).toMatch(
      /timer (waits for a timer and ends by itself|is COMPLETED)/,
    );
  });

  test('skip_task skips a task that the execution has not reached, and refuses a skip that would make it hang', async () => {
    const [id, fork] = [await start(waiting), await start(forked)];
    await expect.poll(() => openTasks(id)).toEqual(['go']);
    const skipped = await ok('skip_task', { executionId: id, taskRef: 'later' });
    expect(skipped.structured).toMatchObject({ skipped: true, status: 'RUNNING', readBy: [] });
    expect((await ok('skip_task', { executionId: id, taskRef: 'later' })).structured).toMatchObject({ skipped: false });
    const open = await refused('skip_task', { executionId: id, taskRef: 'go' });
    expect(open).toContain(`Next: It waits for an answer: signal_workflow {"executionId":"${id}","taskRef":"go"}`);
    expect(await refused('skip_task', { executionId: id, taskRef: 'lost' })).toMatch(/^Error \(not-found\)[\s\S]*last/);
    for (const taskRef of ['a', 'b', 'fork']) {
      expect(await refused('skip_task', { executionId: fork, taskRef })).toMatch(/would hang|already reached/);
    }
    await ok('signal_workflow', { executionId: id, taskRef: 'go' });
    await expect.poll(() => openTasks(id)).toEqual(['last']);
  });

  test('rerun_workflow refuses to start inside a branch, because the execution would hang', async () => {
    const id = await start(forked);
    await expect.poll(() => openTasks(id), { timeout: 10_000 }).toContain('a');
    await ok('terminate_workflow', { executionIds: [id], reason: 'enough' });
    for (const taskRef of ['a', 'fork', 'join']) {
      const text = await refused('rerun_workflow', { executionId: id, taskRef });
      expect(text).toContain(`rerun_workflow {"executionId":"${id}","taskRef":"timer"}`);
      expect(text).toContain(`retry_workflow {"executionIds":["${id}"]}`);
    }
  });
});

describe('many executions', () => {
  test('a call with a filter shows a preview first; the confirmed call changes only the executions of the preview', async () => {
    const correlationId = `${prefix}_batch`;
    const ids = await Promise.all([1, 2, 3].map(() => start(waiting, {}, correlationId)));
    const filter = { workflowName: waiting, correlationId };
    const look = () => ok('pause_workflow', { filter });
    await expect.poll(async () => (await look()).structured.counts, { timeout: 10_000 }).toEqual({ matched: 3 });
    const { structured, text } = await look();
    expect(await Promise.all(ids.map(statusOf))).toEqual(['RUNNING', 'RUNNING', 'RUNNING']);

    // Between the preview and its confirmation, one execution ends and another starts. Neither may be paused.
    await conductor.terminate(ids[0] ?? '', 'meanwhile');
    const late = await start(waiting, {}, correlationId);
    const call = /To do it: pause_workflow (\{.*\})/.exec(text)?.[1] ?? '{}';
    expect(JSON.parse(call)).toMatchObject({ filter, confirm: structured.confirm });
    const done = await ok('pause_workflow', JSON.parse(call));
    expect(done.structured.counts).toMatchObject({ changed: 2 });
    expect(await Promise.all([...ids, late].map(statusOf))).toEqual(['TERMINATED', 'PAUSED', 'PAUSED', 'RUNNING']);

    const foreign = await refused('resume_workflow', { filter, confirm: structured.confirm });
    expect(foreign).toMatch(/^Error \(input\).*belongs to another action/);
    expect(await refused('terminate_workflow', { filter: { ...filter, status: 'FAILED' }, reason: 'x' })).toContain(
      'RUNNING, PAUSED',
    );
    expect(await refused('pause_workflow', {})).toMatch(
      /either executionIds or filter[\s\S]*pause_workflow \{"filter"/,
    );
  });

  test('a call with ids changes executions at once, and shows the reason of each failure', async () => {
    const [one, two] = [await start(waiting), await start(waiting)];
    await conductor.terminate(two, 'before');
    const unknown = randomUUID();
    const answer = await ok('pause_workflow', { executionIds: [one, two, unknown, one] });
    expect(answer.structured.counts).toEqual({ changed: 1, unchanged: 0, failed: 2 });
    expect(answer.text).toContain(`${two} | ${waiting} | failed | TERMINATED | ${two} has ended`);
    expect(answer.text).toContain(`There is no execution ${unknown}`);
    expect(await refused('pause_workflow', { executionIds: [two, unknown] })).toContain('changed none of 2 executions');
  });

  test('a filter finds executions by a text in their failure reasons', async () => {
    const ids = await Promise.all([start(waiting), start(waiting)]);
    await Promise.all(ids.map((id, i) => conductor.terminate(id, i === 0 ? 'Disk (full), again' : 'other')));
    const filter = { workflowName: waiting, status: 'TERMINATED', reason: 'disk (full)' };
    await expect
      .poll(async () => (await ok('retry_workflow', { filter })).structured, { timeout: 10_000 })
      .toMatchObject({ counts: { matched: 1 }, executions: [{ executionId: ids[0] }] });
  });
});

describe('a person at the client', () => {
  let http: HttpProcess;
  beforeAll(async () => {
    http = await startHttpProcess(env);
  });
  afterAll(() => http.stop());

  const ways = eras.map((era) => [era, era === '2025-11-25' ? 'stdio' : 'http'] as const);
  test.each(ways)(
    'a %s client over %s asks the person before it terminates several executions',
    async (era, transport) => {
      const asked: string[] = [];
      let action: 'accept' | 'decline' = 'decline';
      const target = transport === 'http' ? { url: http.url } : stdioTarget(env);
      const asking = await connect(era, target, (message) => {
        asked.push(message);
        return action === 'accept' ? { action, content: { confirm: true } } : { action };
      });
      const executionIds = await Promise.all([start(waiting), start(waiting)]);
      const args = { executionIds, reason: 'wrong data' };
      const declined = await asking.call('terminate_workflow', args);
      expect(declined).toMatchObject({
        isError: true,
        text: expect.stringMatching(/The person declined. Nothing was terminated/),
      });
      expect(asked).toEqual(['Terminate 2 executions with the reason "wrong data"?']);
      expect(await Promise.all(executionIds.map(statusOf))).toEqual(['RUNNING', 'RUNNING']);
      action = 'accept';
      expect((await ok('terminate_workflow', args, asking)).structured.counts).toMatchObject({ changed: 2 });
      expect(await Promise.all(executionIds.map(statusOf))).toEqual(['TERMINATED', 'TERMINATED']);
      await asking.close();
    },
  );
});
