import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { startChecked } from '../../core/conductor/start-checked.ts';
import type { Execution } from '../../core/conductor/types.ts';
import { listTemplates } from '../../workflows/templates/registry/templates.ts';
import { exclusively, SHIPPED_WORKERS } from '../support/exclusive.ts';
import { type OwnTemplates, ownTemplates } from '../support/own-templates.ts';
import {
  booksOf,
  failureWorkflowOf,
  orderFault,
  type Running,
  realConductor,
  requestsTo,
  runFleetCommand,
  startFleetCommand,
  unique,
} from '../support/product.ts';

/** Runs every template on the real server. Its files have unique names, and are written as `fleet new workflow` does. */
const conductor = realConductor();
const serverUrl = inject('conductorServerUrl');
const shopUrl = inject('shopUrl');
/** This template is tested in events.test.ts, which contains all tests that wait for an event handler. */
const ELSEWHERE = 'event_driven';
const names = (await listTemplates()).map(({ name }) => name).filter((name) => name !== ELSEWHERE);
let own: OwnTemplates;
let worker: Running;
let done: () => void;
const nameOf = (template: string) => own.nameOf(template);

beforeAll(async () => {
  own = await ownTemplates(conductor, names);
  done = await exclusively(SHIPPED_WORKERS);
  worker = startFleetCommand(['work']);
  await worker.says(/serves \d+ task types?/);
});

afterAll(async () => {
  worker.child.kill('SIGTERM');
  await worker.ended;
  done();
  conductor.close();
  own.remove();
});

const start = (template: string, input: Record<string, unknown>) =>
  startChecked(conductor, { name: nameOf(template), input });

async function run(template: string, input: Record<string, unknown>): Promise<Execution> {
  return conductor.waitForEnd(await start(template, input));
}

/** Finds an execution by a text in its input, and waits for its end. For executions that the test did not start itself. */
async function startedWith(template: string, text: string, timeout: number): Promise<Execution> {
  const found = async () => {
    const query = `workflowType=${nameOf(template)}`;
    return (await conductor.searchExecutions({ query, freeText: text })).results[0]?.workflowId;
  };
  await vi.waitFor(async () => expect(await found()).toBeTruthy(), { timeout, interval: 500 });
  return conductor.waitForEnd((await found()) ?? '');
}

async function answerTask(workflowId: string, ref: string, output: object): Promise<void> {
  const answer = await fetch(`${serverUrl}/tasks/${workflowId}/${ref}/COMPLETED`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(output),
  });
  expect(answer.status).toBe(200);
}

async function decide(decision: object): Promise<Execution> {
  const workflowId = await start('approval', { what: 'desks', amount: 500 });
  const asked = async () =>
    (await conductor.getExecution(workflowId)).tasks.find(({ taskType }) => taskType === 'HUMAN');
  const expected = { status: 'IN_PROGRESS', inputData: { what: 'desks', amount: 500 } };
  await vi.waitFor(async () => expect(await asked()).toMatchObject(expected), { timeout: 20_000 });
  await answerTask(workflowId, 'decide', decision);
  return conductor.waitForEnd(workflowId);
}

const trials: Record<string, () => Promise<void>> = {
  async sequential() {
    expect(await run('sequential', { who: 'Ada' })).toMatchObject({
      status: 'COMPLETED',
      output: { greeting: 'Hello, Ada!', loggedAt: expect.any(String) },
    });
  },

  async resilient_http() {
    const key = unique('twice');
    await orderFault({ path: `/flaky/${key}`, status: 503, times: 1 });
    const outcomes = await Promise.all(
      [`/flaky/${key}`, '/echo/status/404', '/echo/status/418'].map((path) =>
        run('resilient_http', { url: shopUrl + path }),
      ),
    );
    expect(outcomes.map(({ status, output }) => [status, output.outcome])).toEqual([
      ['COMPLETED', 'success'],
      ['COMPLETED', 'fallback'],
      ['COMPLETED', 'logged'],
    ]);
    expect((await requestsTo(`/flaky/${key}`)).map(({ status }) => status)).toEqual([503, 200]);
  },

  async parallel_fan_out() {
    // This address fails at once, because the server refuses addresses with credentials.
    const refused = 'http://somebody:secret@127.0.0.1/';
    const urls = [`${shopUrl}/echo/status/200`, refused, `${shopUrl}/echo/status/404`];
    expect(await run('parallel_fan_out', { urls })).toMatchObject({
      status: 'COMPLETED',
      output: { reached: 2, unreachable: [refused], statusCodes: [200, 404] },
    });
    expect((await run('parallel_fan_out', { urls: [] })).output).toEqual({
      reached: 0,
      unreachable: [],
      statusCodes: [],
    });
  },

  async approval() {
    const small = await run('approval', { what: 'pens', amount: 5 });
    expect(small).toMatchObject({ status: 'COMPLETED', output: { outcome: 'approved' } });
    expect(await decide({ approved: true, comment: 'fine' })).toMatchObject({
      status: 'COMPLETED',
      output: { outcome: 'approved', comment: 'fine' },
    });
    expect(await decide({ approved: false, comment: 'no' })).toMatchObject({
      status: 'COMPLETED',
      output: { outcome: 'rejected', comment: 'no' },
    });
    expect(await decide({ comment: 'hm' })).toMatchObject({
      status: 'FAILED',
      reasonForIncompletion: expect.stringContaining('neither'),
    });
  },

  async compensation() {
    const order = (orderId: string) => ({ orderId, sku: 'lamp', amount: 19.9 });
    const [paid, undone] = [unique('order'), unique('order')];
    expect(await run('compensation', order(paid))).toMatchObject({ status: 'COMPLETED' });
    expect(await booksOf(paid)).toEqual(['reserved', 'charged', 'shipped']);
    await orderFault({ path: '/shipments', orderId: undone, status: 400 });
    const failed = await run('compensation', order(undone));
    expect(failed.status).toBe('FAILED');
    const compensation = await failureWorkflowOf(conductor, failed.workflowId);
    expect(compensation).toMatchObject({ workflowName: `${nameOf('compensation')}Compensation`, status: 'COMPLETED' });
    expect(await booksOf(undone)).toEqual(['reserved', 'charged', 'refunded', 'released']);
  },

  async scheduled() {
    const [schedule] = own.schedules;
    expect(schedule?.def).toMatchObject({ paused: true, startWorkflowRequest: { name: nameOf('scheduled') } });
    if (!schedule) return;
    const url = `${shopUrl}/flaky/${unique('report')}`;
    const startWorkflowRequest = { ...schedule.def.startWorkflowRequest, name: nameOf('scheduled'), input: { url } };
    const often = { ...schedule.def, startWorkflowRequest, cronExpression: '*/2 * * * * *', paused: false };
    await conductor.putSchedule({ ...often, startWorkflowRequest: { ...startWorkflowRequest, version: 1 } });
    try {
      const execution = await startedWith('scheduled', url, 60_000);
      expect(execution).toMatchObject({ status: 'COMPLETED', output: { statusCode: 200 } });
    } finally {
      await conductor.deleteSchedule(schedule.name);
    }
  },

  async poll_until() {
    const path = `/flaky/${unique('job')}`;
    await orderFault({ path, status: 200, body: { status: 'running' }, times: 2 });
    await orderFault({ path, status: 200, body: { status: 'done' } });
    const execution = await run('poll_until', { url: shopUrl + path });
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { status: 'done', rounds: 3 } });
    expect(execution.tasks.filter(({ taskType }) => taskType === 'WAIT')).toHaveLength(2);
  },

  async ai_agent() {
    const execution = await run('ai_agent', { question: 'What is a saga?' });
    expect(execution).toMatchObject({
      status: 'COMPLETED',
      output: { iterations: 2, confidence: 0.95, answer: expect.stringContaining('undoes finished steps') },
    });
    const unsure = await run('ai_agent', { question: unique('unanswerable') });
    expect(unsure).toMatchObject({ status: 'COMPLETED', output: { iterations: 5, confidence: 0.2 } });
  },
};

describe.concurrent('templates', () => {
  test('the scenarios of the templates pass, and cover every task and case', async ({ expect }) => {
    const { code, stdout } = await runFleetCommand(['test', '--workflows-dir', own.folder]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(' 0 failed;') });
    expect(stdout.match(/^ {2}coverage .*\(100 %\)$/gm)).toHaveLength(names.length);
  });

  for (const name of names) {
    test.skipIf(name === 'ai_agent' && !inject('scriptedLlm'))(`${name} runs to its end`, async () => {
      const trial = trials[name];
      if (!trial) throw new Error(`The template "${name}" has no entry in "trials". Add a function that runs it.`);
      await trial();
    });
  }
});
