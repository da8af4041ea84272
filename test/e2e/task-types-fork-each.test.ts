import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineProbe, defineProbeTask, done, refused, runProbe, serve, startProbe } from '../support/probe.ts';
import { realConductor } from '../support/product.ts';

/** Forks with one task for each item of a list, on the real server. */
const conductor = realConductor();
afterAll(() => conductor.close());

const city = z.object({ name: z.string(), days: z.number() });
const look = () =>
  defineProbeTask(z.object({ at: z.string(), days: z.number(), place: z.number() }), z.object({ saw: z.string() }));

function trip() {
  const contract = look();
  const workflow = defineProbe(z.object({ cities: z.array(city), prefix: z.string() }), z.object({})).build(
    (wf, { cities, prefix }) => {
      const each = wf.forkEach('look', cities, contract, ({ name, days }, place) => ({
        at: `${prefix}/${name}`,
        days,
        place,
      }));
      return { result: each.output.results };
    },
  );
  return { contract, workflow };
}

describe.concurrent('a task for each item', () => {
  test.each([0, 1, 30])(
    'the fork runs a task for each of %i items, and its results are in the order of the list',
    async (length) => {
      const { contract, workflow } = trip();
      const cities = Array.from({ length }, (_, index) => ({ name: `c${index}`, days: index / 2 }));
      const workflowId = await startProbe(conductor, [workflow], { cities, prefix: 'x' });
      const { status, output, tasks } = await serve(conductor, contract, workflowId, ({ inputData }) =>
        done({ saw: JSON.stringify(inputData) }),
      );
      expect(status).toBe('COMPLETED');
      const seen = (output.result as { saw: string }[]).map(({ saw }) => JSON.parse(saw));
      expect(seen).toEqual(cities.map(({ name, days }, place) => ({ at: `x/${name}`, days, place })));
      expect(tasks.filter(({ taskType }) => taskType === contract.name)).toHaveLength(length);
    },
  );

  test('the tasks receive an item unchanged, even if its text looks like a reference', async () => {
    const { contract, workflow } = trip();
    const names = ['${workflow.input.prefix}', '$${a}', '${', 'a $ b', '"\\(1)"', "it's"];
    const workflowId = await startProbe(conductor, [workflow], {
      cities: names.map((name) => ({ name, days: 1 })),
      prefix: 'p',
    });
    const { output } = await serve(conductor, contract, workflowId, ({ inputData }) => done({ saw: inputData.at }));
    expect(output.result).toEqual(names.map((name) => ({ saw: `p/${name}` })));
  });

  test('if a task has failed and is not retried, the workflow fails with the reason of that task', async () => {
    const { contract, workflow } = trip();
    const cities = ['a', 'bad', 'c'].map((name) => ({ name, days: 1 }));
    const workflowId = await startProbe(conductor, [workflow], { cities, prefix: 'p' });
    const { status, reasonForIncompletion } = await serve(conductor, contract, workflowId, ({ inputData }) =>
      inputData.at === 'p/bad' ? refused('no such city') : done({ saw: 'it' }),
    );
    expect({ status, reasonForIncompletion }).toMatchObject({
      status: 'FAILED',
      reasonForIncompletion: expect.stringContaining('no such city'),
    });
  });

  test('if the tasks are optional, the result of a failed task is null', async () => {
    const contract = look();
    const workflow = defineProbe(z.object({ cities: z.array(z.string()) }), z.object({})).build((wf, { cities }) => {
      const each = wf.forkEach('look', cities, contract, (at, index) => ({ at, days: -1, place: index }), {
        optional: true,
      });
      return { result: each.output.results };
    });
    const workflowId = await startProbe(conductor, [workflow], { cities: ['a', 'empty', 'partial', 'd'] });
    const { status, output } = await serve(conductor, contract, workflowId, ({ inputData: { at } }) => {
      if (at === 'empty') return refused('no such city');
      if (at === 'partial') return refused('not all of it', { sa: 'w' });
      return done({ saw: at });
    });
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: { result: [{ saw: 'a' }, null, null, { saw: 'd' }] },
    });
  });

  test('each task is retried as its task definition says', async () => {
    const contract = defineProbeTask(z.object({ n: z.number() }), z.object({}), {
      retryCount: 2,
      retryLogic: 'FIXED',
      retryDelaySeconds: 1,
    });
    const workflow = defineProbe(z.object({ ns: z.array(z.number()) }), z.object({})).build((wf, { ns }) => {
      return { result: wf.forkEach('each', ns, contract, (n) => ({ n })).output.results };
    });
    const workflowId = await startProbe(conductor, [workflow], { ns: [1, 2] });
    const { status, tasks, output } = await serve(conductor, contract, workflowId, ({ inputData, retryCount }) =>
      inputData.n === 2 && retryCount < 2 ? { status: 'FAILED' } : done({}),
    );
    expect({ status, output }).toEqual({ status: 'COMPLETED', output: { result: [{}, {}] } });
    expect(tasks.filter(({ referenceTaskName }) => referenceTaskName === 'each_1__1')).toHaveLength(3);
  });

  test('a fork inside a loop runs in every round, and a workflow can contain two forks of the same task', async () => {
    const contract = defineProbeTask(z.object({ n: z.number(), round: z.number() }), z.object({ sum: z.number() }));
    const workflow = defineProbe(
      z.object({ ns: z.array(z.number()) }),
      z.object({ seen: z.array(z.array(contract.output)) }),
    ).build((wf, { ns }) => {
      wf.set('begin', { seen: [] });
      wf.repeat('again', { rounds: 2, until: 'false', inputs: {} }, (scope, round) => {
        const each = scope.forkEach('each', ns, contract, (n) => ({ n, round }));
        const more = scope.jq('more', {
          inputs: { seen: wf.variables.seen, results: each.output.results },
          query: '.seen + [.results]',
          output: z.array(z.array(contract.output)),
        });
        scope.set('keep', { seen: more.output.result });
      });
      const after = wf.forkEach('after', ns, contract, (n) => ({ n, round: 0 }));
      return { result: { rounds: wf.variables.seen, after: after.output.results } };
    });
    const workflowId = await startProbe(conductor, [workflow], { ns: [10, 20] });
    const { status, output } = await serve(conductor, contract, workflowId, ({ inputData: { n, round } }) =>
      done({ sum: Number(n) + Number(round) }),
    );
    expect({ status, output }).toEqual({
      status: 'COMPLETED',
      output: {
        result: {
          rounds: [
            [{ sum: 11 }, { sum: 21 }],
            [{ sum: 12 }, { sum: 22 }],
          ],
          after: [{ sum: 10 }, { sum: 20 }],
        },
      },
    });
  });
});

describe.concurrent('a sub-workflow for each item', () => {
  const child = () =>
    defineProbe(z.object({ n: z.number(), unit: z.string().default('km') }), z.object({})).build((wf, { n, unit }) => {
      wf.switch('bad', n, { '13': (bad) => bad.terminate('refuse', 'FAILED', '13 is refused') }, () => {});
      return { result: `${n} ${unit}` };
    });
  const parent = (workflow: ReturnType<typeof child>) =>
    defineProbe(z.object({ ns: z.array(z.number()) }), z.object({})).build((wf, { ns }) => ({
      result: wf.forkEach('each', ns, workflow, (n) => ({ n })).output.results,
    }));

  test('each sub-workflow gets its input with defaults, and returns its output', async () => {
    const one = child();
    const { status, output } = await runProbe(conductor, [one, parent(one)], { ns: [1, 2] });
    expect({ status, output }).toMatchObject({
      status: 'COMPLETED',
      output: { result: [{ result: '1 km' }, { result: '2 km' }] },
    });
  });

  test('if a sub-workflow fails, the workflow fails with the same reason', async () => {
    const one = child();
    const { status, reasonForIncompletion } = await runProbe(conductor, [one, parent(one)], { ns: [1, 13] });
    expect(status).toBe('FAILED');
    expect(reasonForIncompletion).toContain('13 is refused');
  });
});
