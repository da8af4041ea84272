import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Execution } from '../../core/conductor/types.ts';
import { defineProbe, defineProbeTask, done, refused, runProbe, serve, startProbe } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** On the real server: sub-workflows, started workflows, DYNAMIC tasks, loops over lists, and tasks that fail. */
const conductor = realConductor();
afterAll(() => conductor.close());

const none = z.object({});
const number = z.object({ n: z.number() });
const rowsOf = ({ tasks }: Execution, ref: string) => tasks.filter((task) => task.referenceTaskName === ref);

describe.concurrent('SUB_WORKFLOW', () => {
  const child = () =>
    defineProbe(number.extend({ unit: z.string().default('km') }), none).build((wf, { n, unit }) => {
      wf.switch('bad', n, { '13': (bad) => bad.terminate('refuse', 'FAILED', '13 is refused') }, () => {});
      return { result: `${n} ${unit}` };
    });

  test('SUB_WORKFLOW starts a workflow with its defaults, waits, and returns its output and id', async () => {
    const one = child();
    const parent = defineProbe(number, none).build((wf, { n }) => {
      const { output } = wf.subWorkflow('call', one, { n });
      return { result: { said: output.result, id: output.subWorkflowId } };
    });
    const { status, output } = await runProbe(conductor, [one, parent], { n: 1 });
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: { result: { said: '1 km', id: expect.stringMatching(/^[\w-]{36}$/) } },
    });
  });

  test('a failed SUB_WORKFLOW is not retried; the workflow fails with its reason, unless the task is optional', async () => {
    const one = child();
    const strict = defineProbe(number, none).build((wf, { n }) => ({
      result: wf.subWorkflow('call', one, { n }).output.result,
    }));
    const lenient = defineProbe(number, none).build((wf, { n }) => {
      const call = wf.subWorkflow('call', one, { n }, { optional: true });
      return { result: { said: call.output.result, status: call.status } };
    });
    const failed = await runProbe(conductor, [one, strict], { n: 13 });
    expect(failed.status).toBe('FAILED');
    expect(failed.reasonForIncompletion).toContain('13 is refused');
    expect(rowsOf(failed, 'call')).toHaveLength(1);
    const { status, output } = await runProbe(conductor, [one, lenient], { n: 13 });
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: { result: { said: null, status: 'COMPLETED_WITH_ERRORS' } },
    });
  });

  test('START_WORKFLOW does not wait, and returns the id and correlation id of the execution', async () => {
    const waiting = defineProbe(number, none).build((wf) => {
      wf.wait('for_ever', { signal: none });
      return { result: 1 };
    });
    const parent = defineProbe(number, none).build((wf, { n }) => ({
      result: wf.startWorkflow('start', waiting, { n }, { correlationId: `c${n}` }).output.workflowId,
    }));
    const { status, output } = await runProbe(conductor, [waiting, parent], { n: 7 });
    expect(status).toBe('COMPLETED');
    const started = await conductor.getExecution(String(output.result));
    expect(started).toMatchObject({ status: 'RUNNING', input: { n: 7 }, correlationId: 'c7', workflowVersion: 1 });
    await conductor.terminate(started.workflowId, 'The test is over.');
  });
});

test.concurrent('DYNAMIC runs the task whose name its input gives, and fails without a name', async () => {
  const [one, two] = [0, 1].map(() => defineProbeTask(number, z.object({ by: z.string() })));
  if (!one || !two) throw new Error('unreachable');
  const input = z.object({ chosen: z.enum(['one', 'two']), n: z.number() });
  const workflow = defineProbe(input, none).build((wf, { n, chosen }) => {
    const named = wf.jq('named', {
      inputs: { chosen, names: { one: one.name, two: two.name } },
      query: '.names[.chosen]',
      output: z.string().transform((name): 'named' => name as 'named'),
    });
    const contracts = { [one.name]: one, [two.name]: two } as unknown as { named: typeof one };
    return { result: wf.dynamic('run', named.output.result, contracts, { n }).output.by };
  });
  for (const [chosen, contract] of Object.entries({ one, two })) {
    const workflowId = await startProbe(conductor, [workflow], { chosen, n: 3 });
    const execution = await serve(conductor, contract, workflowId, ({ inputData }) =>
      done({ by: `${chosen} ${inputData.n}` }),
    );
    expect(execution).toMatchObject({ status: 'COMPLETED', output: { result: `${chosen} 3` } });
    expect(rowsOf(execution, 'run')[0]?.taskType).toBe(contract.name);
  }
  const { status, reasonForIncompletion } = await runProbe(conductor, [workflow], { chosen: 'three', n: 3 });
  expect(status).toBe('FAILED');
  expect(reasonForIncompletion).toContain('Cannot map a dynamic task');
});

describe.concurrent('a loop over a list', () => {
  const loop = (keepLastN?: number) =>
    defineProbe(z.object({ ns: z.array(z.number()) }), z.object({ seen: z.array(z.string()) })).build((wf, { ns }) => {
      wf.set('begin', { seen: [] });
      const each = wf.forEach('each', { items: ns, ...(keepLastN && { keepLastN }) }, (scope, n, index) => {
        const more = scope.jq('more', {
          inputs: { n, index, seen: scope.variables.seen },
          query: '.seen + ["\\(.index):\\(.n)"]',
          output: z.array(z.string()),
        });
        scope.set('keep', { seen: more.output.result });
        return more;
      });
      return {
        result: {
          seen: wf.variables.seen,
          rounds: each.output.iteration,
          last: each.last.output.result,
          first: each.output['1'],
        },
      };
    });

  test('the loop runs over the items in order, and runs no round for an empty list', async () => {
    const first = { more: { result: ['0:5'], resultList: [['0:5']] }, keep: {} };
    const { output } = await runProbe(conductor, [loop()], { ns: [5, 6, 7] });
    const seen = ['0:5', '1:6', '2:7'];
    expect(output.result).toEqual({ seen, rounds: 3, last: seen, first });
    const nothing = await runProbe(conductor, [loop()], { ns: [] });
    expect(nothing).toMatchObject({
      status: 'COMPLETED',
      output: { result: { seen: [], rounds: 0, last: null, first: null } },
    });
  });

  test('with keepLastN, the server keeps only the tasks of the last rounds', async () => {
    const ns = [1, 2, 3, 4, 5, 6];
    const execution = await runProbe(conductor, [loop(2)], { ns });
    expect(execution.output.result).toMatchObject({
      rounds: 6,
      seen: ns.map((n, index) => `${index}:${n}`),
      first: null,
    });
    const kept = execution.tasks.filter(({ taskType }) => taskType === 'JSON_JQ_TRANSFORM');
    expect(kept.map(({ referenceTaskName }) => referenceTaskName)).toEqual(['more__5', 'more__6']);
  });
});

describe.concurrent('tasks that fail', () => {
  const flaky = () => defineProbeTask(none, none, { retryCount: 2, retryLogic: 'FIXED', retryDelaySeconds: 1 });

  test('a fork does not fail while its failed tasks are retried', async () => {
    const contract = flaky();
    const workflow = defineProbe(none, none).build((wf) => {
      wf.fork('both', {
        left: (branch) => branch.task('left', contract, {}),
        right: (branch) => branch.task('right', contract, {}),
      });
      return { result: 1 };
    });
    const started = await startProbe(conductor, [workflow], {});
    const others = await Promise.all(
      Array.from({ length: 14 }, () => conductor.startWorkflow({ name: workflow.name, input: {} })),
    );
    const answer = ({ retryCount }: { retryCount: number }) =>
      retryCount < 2 ? { status: 'FAILED' as const, reasonForIncompletion: 'not yet' } : done({});
    const ended = await Promise.all([started, ...others].map((id) => serve(conductor, contract, id, answer)));
    expect(ended.map(({ status }) => status)).toEqual(ended.map(() => 'COMPLETED'));
  });

  test('a fork fails once a task has no retries left, and the server cancels its running tasks', async () => {
    const contract = flaky();
    const workflow = defineProbe(none, none).build((wf) => {
      wf.fork('both', {
        left: (branch) => branch.task('left', contract, {}),
        right: (branch) => branch.wait('right', { signal: none }),
      });
      return { result: 1 };
    });
    const workflowId = await startProbe(conductor, [workflow], {});
    const execution = await serve(conductor, contract, workflowId, () => refused('for good'));
    expect(execution.status).toBe('FAILED');
    expect(execution.reasonForIncompletion).toContain('for good');
    expect(rowsOf(execution, 'right')[0]?.status).toBe('CANCELED');
  });

  test('after a permissive task has failed, the next tasks still run, and then the workflow fails', async () => {
    const contract = flaky();
    const workflow = defineProbe(none, none).build((wf) => {
      wf.task('first', contract, {}, { permissive: true, retryCount: 0 });
      wf.inline('second', { inputs: {}, output: z.number(), script: '2' });
      return { result: 1 };
    });
    const workflowId = await startProbe(conductor, [workflow], {});
    const execution = await serve(conductor, contract, workflowId, () => ({ status: 'FAILED' }));
    expect(execution.status).toBe('FAILED');
    expect(rowsOf(execution, 'first')).toHaveLength(1);
    expect(rowsOf(execution, 'second')[0]?.status).toBe('COMPLETED');
  });

  test('a task starts after its startDelay', async () => {
    const contract = flaky();
    const workflow = defineProbe(none, none).build((wf) => {
      wf.task('late', contract, {}, { startDelay: 2 });
      return { result: 1 };
    });
    const workflowId = await startProbe(conductor, [workflow], {});
    const [task] = rowsOf(await serve(conductor, contract, workflowId, () => done({})), 'late');
    expect((task?.startTime ?? 0) - (task?.scheduledTime ?? 0)).toBeGreaterThanOrEqual(2_000);
  });

  test('in a permissive fork over a list, the other tasks end before the workflow fails', async () => {
    const contract = defineProbeTask(number, none, { retryCount: 0 });
    const workflow = defineProbe(z.object({ ns: z.array(z.number()) }), none).build((wf, { ns }) => ({
      result: wf.forkEach('each', ns, contract, (n) => ({ n }), { permissive: true }).output.results,
    }));
    const workflowId = await startProbe(conductor, [workflow], { ns: [1, 2, 3] });
    const execution = await serve(conductor, contract, workflowId, ({ inputData: { n } }) =>
      n === 1 ? refused('1 is refused') : done({}),
    );
    expect(execution.status).toBe('FAILED');
    expect(['each_0__1', 'each_1__1', 'each_2__1'].map((ref) => rowsOf(execution, ref)[0]?.status)).toEqual([
      'FAILED_WITH_TERMINAL_ERROR',
      'COMPLETED',
      'COMPLETED',
    ]);
  });
});
