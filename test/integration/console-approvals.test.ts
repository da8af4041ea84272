import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { linesOf } from '../support/audit-scene.ts';
import { openStream, queueRoutes, type ServedConsole, sendRaw, serveConsole } from '../support/console-scene.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

let fake: FakeConductor;
let executions: ExecutionStore;
let site: ServedConsole;

const OWN = { 'sec-fetch-site': 'same-origin' };
const EVIL = '<img src=x onerror=alert(1)>';

const refund = storedDef('refund', [
  defTask('decide', 'HUMAN'),
  defTask('route', 'SWITCH', {
    evaluatorType: 'value-param',
    expression: 'ok',
    inputParameters: { ok: '${decide.output.approved}' },
    decisionCases: { true: [defTask('pay', 'SIMPLE')] },
    defaultCase: [defTask('refuse', 'TERMINATE', { inputParameters: { terminationStatus: 'FAILED' } })],
  }),
]);
const measure = storedDef('measure', [defTask('decide', 'HUMAN')], {
  outputParameters: { metres: '${decide.output.metres}' },
});

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  executions = new ExecutionStore();
  fake.routes = (request) => queueRoutes(request) ?? executions.routes(request);
});
afterEach(() => site?.close());

const human = (startTime: number, inputData: object) => ({
  ...{ referenceTaskName: 'decide', taskType: 'HUMAN', status: 'IN_PROGRESS', outputData: {}, startTime, inputData },
});
const add = (id: string, { startTime = 1000, input = { what: EVIL } as object, def = refund } = {}) =>
  executions.add(id, [human(startTime, input)], {
    workflowName: String(def.name),
    workflowDefinition: def,
    taskToDomain: { 'fleet:started-by': 'https://idp#ann' },
  });

const read = async (topic: string) => {
  const { status, text } = await sendRaw(`${site.url}/console/read?topic=${encodeURIComponent(topic)}`, OWN);
  return { status, ...JSON.parse(text) };
};
const act = async (args: Record<string, unknown>, answer?: unknown) => {
  const body = JSON.stringify({ tool: 'decide_approval', args, ...(answer !== undefined && { answer }) });
  const headers = { ...OWN, 'content-type': 'application/json' };
  const { status, text } = await sendRaw(`${site.url}/console/act`, headers, { method: 'POST', body });
  return { status, ...JSON.parse(text) };
};
/** Decides as the page does: the tool asks, the person agrees. */
const decide = async (executionId: string, decision: string, output?: object) => {
  const args = { executionId, taskRef: 'decide', decision, reason: 'seen', ...(output && { output }) };
  const { answer, ...first } = await act(args);
  return answer ? act(args, answer) : first;
};

describe('approvals', () => {
  test('the inbox has the longest wait first, and a decided task leaves it', async () => {
    add('young', { startTime: 2000 });
    add('old', { startTime: 1000 });
    site = await serveConsole(fake.url);
    const stream = await openStream(site.url, ['approvals']);
    await expect
      .poll(() => stream.events[0]?.[1])
      .toMatchObject({
        value: { more: 0, rows: [{ executionId: 'old', workflow: 'refund', about: EVIL }, { executionId: 'young' }] },
      });
    expect(await decide('old', 'approve')).toMatchObject({ structured: { taskStatus: 'COMPLETED' } });
    await expect
      .poll(() => JSON.stringify(stream.events.at(-1)), { timeout: 12_000 })
      .toContain('"gone":["old-decide"]');
    stream.close();
  });

  test('one approval says what it is about, and what follows a yes and a no', async () => {
    add('one', { input: { what: EVIL, amount: 7, large: 'x'.repeat(1_100_000) } });
    site = await serveConsole(fake.url);
    const { value } = await read('approval?id=one-decide');
    expect(value).toMatchObject({
      ...{ ref: 'decide', executionId: 'one', workflow: 'refund', asks: [] },
      onApprove: 'pay, the execution ends',
      onReject: 'refuse (ends it as FAILED)',
      input: { what: EVIL, amount: 7 },
    });
    expect(value).not.toHaveProperty('ended');
    expect(value.input.large).toMatch(/^This value has 1.1 MB of JSON/);
    expect(value.picture.boxes.map(({ ref }: { ref?: string }) => ref)).toEqual(
      expect.arrayContaining(['decide', 'pay']),
    );
  });

  test('the second of two people is told who decided, and the page says it too', async () => {
    add('one');
    site = await serveConsole(fake.url);
    expect(await decide('one', 'reject')).toMatchObject({ structured: { decision: 'reject' } });
    const second = await decide('one', 'approve');
    expect(second.error).toMatchObject({ code: 'conflict' });
    expect(second.error.message).toMatch(/decide was rejected by .* at .*seen/);
    expect(executions.execution('one').tasks[0]?.outputData).toMatchObject({ approved: false, reason: 'seen' });
    expect((await read('approval?id=one-decide')).value.ended).toMatch(/decide was rejected by .*seen/);
  });

  test('a task whose workflow reads other fields asks for them', async () => {
    add('one', { def: measure });
    site = await serveConsole(fake.url);
    expect((await read('approval?id=one-decide')).value.asks).toEqual(['metres']);
    expect(await decide('one', 'approve')).toMatchObject({ error: { code: 'input' } });
    expect(await decide('one', 'approve', { metres: 12 })).toMatchObject({ structured: { taskStatus: 'COMPLETED' } });
    expect(executions.execution('one').tasks[0]?.outputData).toMatchObject({ metres: 12 });
  });

  test('a viewer sees approvals; a forged decision is refused and audited', async () => {
    add('one');
    site = await serveConsole(fake.url, { MCP_ROLE: 'viewer' });
    expect((await read('approvals')).value.rows).toHaveLength(1);
    expect((await decide('one', 'approve')).error.code).toBe('denied');
    expect(executions.execution('one').tasks[0]?.status).toBe('IN_PROGRESS');
    expect(linesOf(site.auditFolder).some((line) => line.includes('decide_approval') && line.includes('denied'))).toBe(
      true,
    );
  });

  test('a setting that withholds the tool withholds the inbox', async () => {
    add('one');
    site = await serveConsole(fake.url, { MCP_TOOLS_DENY: 'list_pending_approvals' });
    expect((await read('approvals')).error.code).toBe('denied');
  });

  test('an approval that does not exist is a problem of its page', async () => {
    site = await serveConsole(fake.url);
    expect(await read('approval?id=none')).toMatchObject({ status: 404, error: { code: 'not-found' } });
  });
});
