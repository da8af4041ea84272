import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineTask, inputSchemaOf, jsonSchema, outputSchemaOf } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { database, definePolicy, externalApi, modelCall } from '../../workflows/dsl/policies.ts';
import { type Ref, refs } from '../../workflows/dsl/refs.ts';
import type { Scope } from '../../workflows/dsl/scope.ts';
import { compileMapping } from '../../workflows/dsl/system/item-mapping.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';

const greet = defineTask({
  name: 'greet',
  description: 'Greets.',
  input: z.object({ who: z.string() }),
  output: z.object({ text: z.string() }),
});
const spec = { name: 'probe', version: 3, description: '', input: z.object({ a: z.string() }), output: z.object({}) };
const words = refs<string[]>('workflow.input.words');

function tasksOf(build: (wf: Scope) => unknown) {
  return defineWorkflow(spec).build((wf) => {
    build(wf);
    return {};
  }).def.tasks;
}

const child = defineWorkflow({ ...spec, name: 'child' }).build((wf) => {
  wf.wait('w', { seconds: 1 });
  return {};
});

describe('a mapping from items', () => {
  const names = { item: 'f_item', index: 'f_index' };
  const item = refs<{ a: string; 'b c': number[] }>(names.item);
  const compiled = (value: unknown) => compileMapping(JSON.parse(JSON.stringify(value)), names, ['items']);

  test.each<[string, unknown, string]>([
    ['the item', item, '$item'],
    ['a field of the item', item.a, '$item["a"]'],
    ['a field with an unusual name', item['b c'], '$item["b c"]'],
    ['the index', refs(names.index), '$index'],
    ['a text with a field of the item', `x ${item.a} "y"`, '("x " + ($item["a"] | tostring) + " \\"y\\"")'],
    [
      'a value without a reference',
      { n: -1, t: '\\(1)', l: [null, true] },
      '{"n": (-1), "t": "\\\\(1)", "l": [null, true]}',
    ],
  ])('the mapping of %s becomes a jq query', (_, value, query) => {
    expect(compiled(value)).toEqual({ query, given: {} });
  });

  test('a mapping takes values from other tasks as inputs, each once and under a telling name', () => {
    const shop = refs<string>('workflow.input.items');
    const { query, given } = compiled({ url: `${shop}/${item.a}`, shop, x: refs('t.output.x'), y: refs('u.output.x') });
    expect(given).toEqual({
      given: '${workflow.input.items}/',
      items_2: '${workflow.input.items}',
      x: '${t.output.x}',
      x_2: '${u.output.x}',
    });
    expect(query).toContain('"url": (($given["given"] | tostring) + ($item["a"] | tostring))');
    expect(query).not.toContain('${');
  });
});

describe('forks over lists', () => {
  test('a fork over a list becomes four tasks, and the task of each item is in its own loop', () => {
    const tasks = tasksOf((wf) => wf.forkEach('f', words, greet, (who) => ({ who }), { optional: true }));
    expect(tasks.map(({ taskReferenceName, type }) => `${taskReferenceName} ${type}`)).toEqual([
      'f_tasks JSON_JQ_TRANSFORM',
      'f FORK_JOIN_DYNAMIC',
      'f_join JOIN',
      'f_results JSON_JQ_TRANSFORM',
    ]);
    const query = String(tasks[0]?.inputParameters?.queryExpression);
    expect(query).toContain('{"name":"greet","type":"SIMPLE","optional":true}');
    expect(query).toContain('"type":"DO_WHILE","loopCondition":"false"');
    expect(JSON.stringify(tasks[3])).toContain('[\\"text\\"] | all(');
  });

  test('a fork over a list pins the version of a sub-workflow, and has different references in each round of a loop', () => {
    const [loop] = tasksOf((wf) =>
      wf.forEach('l', { items: words }, (scope) => scope.forkEach('f', words, child, (a) => ({ a }))),
    );
    const [first] = (loop?.loopOver ?? []) as { inputParameters: Record<string, string> }[];
    expect(first?.inputParameters.round).toBe('${l.output.iteration}');
    expect(first?.inputParameters.queryExpression).toContain('"subWorkflowParam":{"name":"child","version":3}');
  });
});

describe('definitions of other tools', () => {
  test('`jsonSchema` keeps a JSON Schema as written, alone and inside other schemas', () => {
    const written = {
      type: 'object',
      properties: { a: { type: 'string', default: 'x', 'x-odd': 1 } },
      $comment: 'kept',
    };
    const schema = jsonSchema<{ a?: string }>(written);
    expect(inputSchemaOf(schema)).toEqual(written);
    expect(outputSchemaOf(schema)).toEqual(written);
    expect(inputSchemaOf(z.object({ inner: schema }))).toMatchObject({ properties: { inner: written } });
    expect(schema.safeParse({ a: 1 }).success).toBe(false);
    const odd = { type: 'strange', $ref: '#/nowhere' };
    expect(inputSchemaOf(jsonSchema(odd))).toEqual(odd);
  });

  test('`verbatim` keeps fields as written and adds no others', () => {
    const { def } = defineWorkflow({
      ...spec,
      input: jsonSchema<{ a: string }>({ properties: { a: { default: 1 } } }),
      verbatim: { ownerEmail: 'a@b.c', timeoutPolicy: 'TIME_OUT_WF', inputSchema: undefined, description: undefined },
    }).build(() => ({}));
    expect(def).toMatchObject({
      inputParameters: ['a'],
      inputTemplate: { a: 1 },
      ownerEmail: 'a@b.c',
      timeoutPolicy: 'TIME_OUT_WF',
    });
    expect(Object.keys(def)).not.toContain('inputSchema');
    expect(Object.keys(def)).not.toContain('description');
  });

  test('`json` keeps a task as written, with any reference', () => {
    const task = {
      name: 'x',
      type: 'ODD',
      extra: { a: [1] },
      loopOver: [{ name: 'y', taskReferenceName: 'my y', type: 'T' }],
    };
    const [one] = tasksOf((wf) => wf.json('my-task', task));
    expect(one).toEqual({ ...task, taskReferenceName: 'my-task' });
    expect(() => tasksOf((wf) => [wf.json('a', task), wf.json('my y', { name: 'z', type: 'T' })])).toThrow(
      'two tasks have the reference "my y"',
    );
  });
});

describe('policies', () => {
  test('the standard policies register task definitions that retry three times, after 2, 4 and 8 seconds', () => {
    const retries = { retryCount: 3, retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2, timeoutPolicy: 'RETRY' };
    for (const [policy, timeoutSeconds] of [
      [externalApi, 30],
      [database, 10],
      [modelCall, 120],
    ] as const) {
      expect(policy.options).toEqual({ timeoutSeconds, responseTimeoutSeconds: timeoutSeconds });
      expect(toTaskDef(policy)).toMatchObject({ ...retries, timeoutSeconds, responseTimeoutSeconds: timeoutSeconds });
    }
  });

  test.each([
    { timeoutSeconds: 0 },
    { timeoutSeconds: 1, retryCount: Number.POSITIVE_INFINITY },
    { timeoutSeconds: 1, retryCount: -1 },
  ])('definePolicy refuses %o, because a policy needs finite limits', (options) => {
    expect(() => definePolicy('p', '', options)).toThrow(expect.objectContaining({ code: 'config' }));
  });
});

describe('mistakes that the compiler cannot see', () => {
  const strict = defineTask({ ...greet, name: 'strict', input: z.strictObject({ who: z.string() }) });
  const name = refs<'greet'>('workflow.input.name');
  const inLoop = (build: (scope: Scope, word: Ref<string>) => unknown) => (wf: Scope) =>
    wf.forEach('outer', { items: words }, build);

  test.each<[string, (wf: Scope) => unknown, string]>([
    [
      'a loop in a loop',
      inLoop((scope) => scope.forEach('inner', { items: words }, () => {})),
      'a workflow of its own',
    ],
    [
      'a loop in a branch in a loop',
      inLoop((scope) =>
        scope.fork('f', { left: (left) => left.repeat('inner', { rounds: 1, until: 'true', inputs: {} }, () => {}) }),
      ),
      'inside the loop "outer"',
    ],
    ['an empty loop', inLoop(() => {}), 'the loop "outer" has no task'],
    [
      'a loop that keeps no round',
      (wf) => wf.forEach('l', { items: words, keepLastN: 0 }, () => {}),
      '0 rounds to keep',
    ],
    ['half a retry', (wf) => wf.task('t', greet, { who: 'x' }, { retryCount: 0.5 }), '0.5 retries'],
    ['a start in the past', (wf) => wf.task('t', greet, { who: 'x' }, { startDelay: -1 }), '-1 seconds before'],
    ['a day that does not exist', (wf) => wf.wait('w', { until: '2026-11-31 09:30 UTC' }), 'waits until'],
    ['a time without a zone', (wf) => wf.wait('w', { until: '2026-11-21 09:30' }), 'waits until'],
    ['a time in ISO 8601', (wf) => wf.wait('w', { until: '2026-11-21T09:30:00Z' }), 'waits until'],
    [
      'a task whose name differs from its key',
      (wf) => wf.dynamic('d', name, { greet: { ...greet, name: 'hail' } }, { who: 'x' }),
      '"greet"',
    ],
    [
      'a task whose input refuses the name of the task',
      (wf) => wf.dynamic('d', refs<'strict'>('a'), { strict }, { who: 'x' }),
      'would reject "dynamicTaskName"',
    ],
    [
      'a payload with a field name that the server uses',
      (wf) => wf.event('e', { sink: 'conductor:x', payload: { workflowType: 'x' } }),
      'uses the name "workflowType"',
    ],
    [
      'a reference that ends like the number of a round',
      (wf) => wf.task('t__1', greet, { who: 'x' }),
      'ends with "__" and a number',
    ],
    [
      'a reference that a fork may also make',
      (wf) => [wf.forkEach('f', words, greet, (who) => ({ who })), wf.task('f_12', greet, { who: 'x' })],
      'the fork "f" may make a task "f_12" too',
    ],
    [
      'a fork that may make an existing reference',
      (wf) => [wf.task('f_0_settled', greet, { who: 'x' }), wf.forkEach('f', words, greet, (who) => ({ who }))],
      'the fork "f" may make a task "f_0_settled" too',
    ],
  ])('the builder refuses %s', (_, build, message) => {
    const mistake = { code: 'config', message: expect.stringContaining(message) };
    expect(() => tasksOf(build)).toThrow(expect.objectContaining(mistake));
  });
});
