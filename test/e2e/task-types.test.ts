import { afterAll, expect, inject, test } from 'vitest';
import { z } from 'zod';
import type { Execution } from '../../core/conductor/types.ts';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { registerAlone } from '../support/probe.ts';
import { realConductor, unique } from '../support/product.ts';

/** On the real server: task types that no shipped workflow uses, and rare cases of other task types. */
const conductor = realConductor();
const serverUrl = inject('conductorServerUrl');
afterAll(() => conductor.close());

type Builder = Parameters<ReturnType<typeof defineProbe>['build']>[0];

function defineProbe(name: string) {
  return defineWorkflow({
    name,
    version: 1,
    description: 'A workflow for tests of task types.',
    input: z.object({ n: z.number(), flag: z.boolean() }),
    output: z.object({ result: z.unknown() }),
    variables: z.object({ seen: z.array(z.number()) }),
  });
}

async function start(build: Builder, input = { n: 2, flag: true }): Promise<string> {
  const workflow = defineProbe(unique('Probe').replace('-', '_')).build(build);
  await registerAlone(conductor, [workflow]);
  return conductor.startWorkflow({ name: workflow.name, input });
}

async function run(build: Builder, input = { n: 2, flag: true }): Promise<Execution> {
  return conductor.waitForEnd(await start(build, input));
}

/** Completes a task, as a person or a worker would. */
async function complete(workflowId: string, ref: string, output: object): Promise<void> {
  const answer = await fetch(`${serverUrl}/tasks/${workflowId}/${ref}/COMPLETED`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(output),
  });
  expect(answer.status).toBe(200);
}

test.concurrent('INLINE computes over typed inputs', async () => {
  const { status, output } = await run((wf, { n }) => {
    const doubled = wf.inline('double', { inputs: { n }, output: z.number(), script: '$.n * 2' });
    return { result: doubled.output.result };
  });
  expect({ status, output }).toEqual({ status: 'COMPLETED', output: { result: 4 } });
});

test.concurrent('a reference finds a field whose name contains special characters', async () => {
  const names = ['x-y', 'a b', 'a.b', "it's", 'b\\s', 'größe', '@', '1', 'deep er'];
  const { output } = await run((wf) => {
    const odd = wf.jq('odd', {
      inputs: { names },
      output: z.record(z.string(), z.string()),
      query: '.names | map({(.): "found \\(.)"}) | add',
    });
    return { result: names.map((name) => odd.output.result[name]) };
  });
  expect(output).toEqual({ result: names.map((name) => `found ${name}`) });
});

test.concurrent('a reference to a whole object can be the input of a task and the output of the workflow', async () => {
  const note = defineTask({
    name: unique('note').replace('-', '_'),
    description: 'Only this test completes tasks of this type.',
    input: z.object({ n: z.number() }),
    output: z.object({ result: z.unknown() }),
  });
  const workflowId = await start((wf, input) => wf.task('note', note, input).output);
  const { tasks } = await conductor.getExecution(workflowId);
  expect(tasks[0]).toMatchObject({ taskType: note.name, inputData: { n: 2 } });
  await complete(workflowId, 'note', { result: 'noted', beside: 1 });
  expect((await conductor.waitForEnd(workflowId)).output).toEqual({ result: 'noted' });
});

test.concurrent('WAIT ends after its time', async () => {
  const { status, startTime, endTime } = await run((wf) => {
    wf.wait('pause', { seconds: 1 });
    return { result: 'done' };
  });
  expect(status).toBe('COMPLETED');
  expect(endTime - startTime).toBeGreaterThanOrEqual(1_000);
});

test.concurrent('HUMAN waits for a person and returns what they enter', async () => {
  const workflowId = await start((wf, { n }) => {
    const decided = wf.human('approve', { about: { amount: n }, output: z.object({ yes: z.boolean() }) });
    return { result: decided.output.yes };
  });
  const { tasks } = await conductor.getExecution(workflowId);
  expect(tasks[0]).toMatchObject({ taskType: 'HUMAN', status: 'IN_PROGRESS', inputData: { amount: 2 } });
  await complete(workflowId, 'approve', { yes: true });
  expect((await conductor.waitForEnd(workflowId)).output).toEqual({ result: true });
});

test.concurrent('TERMINATE ends with the given status, reason and output', async () => {
  const { status, reasonForIncompletion, output } = await run((wf, { n }) => {
    wf.terminate('stop', 'FAILED', `enough of ${n}`, { partial: n });
    wf.wait('never', { seconds: 60 });
    return { result: 'never' };
  });
  expect(status).toBe('FAILED');
  expect(reasonForIncompletion).toContain('enough of 2');
  expect(output).toMatchObject({ partial: 2 });
});

test.concurrent('SWITCH runs the branch of a boolean or a number', async () => {
  const { output } = await run((wf, { n, flag }) => {
    wf.switch('by_flag', flag, {
      true: (yes) => yes.set('was_true', { seen: [1] }),
      false: (no) => no.set('was_false', { seen: [0] }),
    });
    wf.switch('by_number', n, { '3': (three) => three.set('three', { seen: [3] }) }, (other) =>
      other.set('other', { seen: [1, 2] }),
    );
    return { result: wf.variables.seen };
  });
  expect(output).toEqual({ result: [1, 2] });
});

test.concurrent('if a branch ends in a SWITCH, the JOIN waits until the chosen case has ended', async () => {
  const { status, tasks } = await run((wf, { flag }) => {
    wf.fork('both', {
      left: (branch) => {
        branch.switch('slow', flag, { true: (yes) => yes.wait('slow_wait', { seconds: 1 }), false: () => {} });
      },
      right: (branch) => branch.inline('right', { inputs: {}, output: z.number(), script: '1' }),
    });
    wf.inline('after', { inputs: {}, output: z.number(), script: '1' });
    return { result: 1 };
  });
  expect(status).toBe('COMPLETED');
  const task = (ref: string) => tasks.find(({ referenceTaskName }) => referenceTaskName === ref);
  expect(task('after')?.startTime).toBeGreaterThanOrEqual(task('slow_wait')?.endTime ?? Number.POSITIVE_INFINITY);
});

test.concurrent('a loop stops at its condition, or at its limit of rounds', async () => {
  const rounds = async (until: string) => {
    const { output } = await run((wf) => {
      wf.set('begin', { seen: [] });
      const { seen } = wf.variables;
      const loop = wf.repeat('again', { rounds: 4, until, inputs: { seen } }, (scope, round) => {
        const more = scope.jq('more', {
          inputs: { seen, round },
          output: z.array(z.number()),
          query: '.seen + [.round]',
        });
        scope.set('keep', { seen: more.output.result });
      });
      return { result: { rounds: loop.output.iteration, seen } };
    });
    return output.result;
  };
  expect(await rounds('$.seen.length >= 2')).toEqual({ rounds: 2, seen: [1, 2] });
  expect(await rounds('false')).toEqual({ rounds: 4, seen: [1, 2, 3, 4] });
});

test.concurrent('an HTTP task gets its time limit and retries from its policy', async () => {
  const execution = await run((wf) => {
    const asked = wf.http('ask', externalApi, {
      method: 'GET',
      uri: `${inject('shopUrl')}/weather?city=Dubai`,
      response: z.object({ temperatureCelsius: z.number() }),
    });
    return { result: asked.output.response.body.temperatureCelsius };
  });
  expect(execution).toMatchObject({ status: 'COMPLETED', output: { result: 38 } });
  expect(await conductor.getTaskDef('external_api')).toMatchObject({
    timeoutSeconds: 30,
    timeoutPolicy: 'RETRY',
    retryCount: 3,
  });
});

test.concurrent('an HTTP task that is completed from outside returns the given output instead of its answer', async ({
  expect,
}) => {
  const workflowId = await start((wf) => {
    const left = wf.http('order', externalApi, {
      method: 'GET',
      uri: `${inject('shopUrl')}/weather?city=Dubai`,
      asyncComplete: z.object({ tracking: z.string() }),
    });
    return { result: left.output.tracking };
  });
  await expect
    .poll(async () => (await conductor.getExecution(workflowId)).tasks[0]?.status, { timeout: 60_000 })
    .toBe('IN_PROGRESS');
  await complete(workflowId, 'order', { tracking: 'T1' });
  expect((await conductor.waitForEnd(workflowId)).output).toEqual({ result: 'T1' });
});

test.concurrent('a WAIT until a time in the past ends at once', async () => {
  const { status } = await run((wf) => {
    wf.wait('until', { until: '2020-01-01 09:30 GMT+02:00' });
    return { result: 'done' };
  });
  expect(status).toBe('COMPLETED');
});

test.concurrent('the workflow continues after optional scripts and messages have failed', async () => {
  const { status, output } = await run((wf, { n }) => {
    const inline = wf.inline(
      'inline',
      { inputs: { n }, output: z.number(), script: 'nothing.at.all' },
      { optional: true },
    );
    const jq = wf.jq('jq', { inputs: { n }, output: z.number(), query: '.n.below' }, { optional: true });
    const message = { bootStrapServers: '127.0.0.1:1', topic: 'none', value: { n }, maxBlockMs: 200 };
    const sent = wf.kafkaPublish('send', externalApi, message, { retryCount: 0, optional: true });
    const { status } = wf.event('tell', { sink: 'nowhere:x', payload: { n } }, { optional: true });
    return { result: [inline.status, jq.status, sent.status, status, jq.output.result] };
  });
  const failed = 'COMPLETED_WITH_ERRORS';
  expect({ status, output }).toEqual({
    status: 'COMPLETED',
    output: { result: [failed, failed, failed, failed, null] },
  });
});

test.concurrent('a task that is written as JSON runs unchanged', async () => {
  const { output } = await run((wf, { n }) => {
    const task = { name: 'any', type: 'JSON_JQ_TRANSFORM', inputParameters: { n, queryExpression: '.n + 1' } };
    return { result: wf.json('any', task, z.object({ result: z.number() })).output.result };
  });
  expect(output).toEqual({ result: 3 });
});
