import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadWorkflows } from '../../cli/content.ts';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { at, refs } from '../../workflows/dsl/refs.ts';
import type { Scope } from '../../workflows/dsl/scope.ts';

const greet = defineTask({
  name: 'greet',
  description: 'Greets.',
  input: z.object({ who: z.string() }),
  output: z.object({ text: z.string() }),
});

/** The tasks that a builder makes, as plain JSON. */
function tasksOf(build: (wf: Scope) => void) {
  const spec = { name: 'probe', version: 1, description: '', input: z.object({ a: z.string() }), output: z.object({}) };
  return defineWorkflow(spec).build((wf) => {
    build(wf);
    return {};
  }).def.tasks;
}

describe('references', () => {
  test('print the path they were walked', () => {
    const input = refs<{ a: { b: string[] } }>('workflow.input');
    expect(JSON.stringify({ x: input.a.b })).toBe('{"x":"${workflow.input.a.b}"}');
    expect(`at ${input.a.b}`).toBe('at ${workflow.input.a.b}');
    expect(at(input.a.b, 2).toJSON()).toBe('${workflow.input.a.b[2]}');
  });

  test('a task may have an output called like a method of every object', () => {
    expect(refs<{ constructor: string }>('t.output').constructor.toJSON()).toBe('${t.output.constructor}');
  });
});

describe('definitions', () => {
  test('are plain JSON, frozen, and the same each time', async () => {
    for (const { def } of await loadWorkflows()) {
      expect(JSON.parse(JSON.stringify(def))).toEqual(def);
      expect(Object.isFrozen(def.tasks)).toBe(true);
    }
    const build = () => tasksOf((wf) => wf.task('hello', greet, { who: 'you' }));
    expect(JSON.stringify(build())).toBe(JSON.stringify(build()));
  });

  test.each([
    'FileProcessing',
    'HandleWorkflowFailure',
    'OrderProcessing',
    'OrderProcessingCompensation',
    'ResearchAgent',
    'ResilientHttpWorkflow',
  ])('%s is what it was when it was last looked at', async (name) => {
    const workflow = (await loadWorkflows()).find((candidate) => candidate.name === name);
    await expect(`${JSON.stringify(workflow?.def, null, 2)}\n`).toMatchFileSnapshot(`definitions/${name}.json`);
  });

  test('defaults of the input become the input template', () => {
    const input = z.object({ a: z.string(), n: z.number().default(3) });
    const { def } = defineWorkflow({ name: 'probe', version: 1, description: '', input, output: z.object({}) }).build(
      () => ({}),
    );
    expect(def.inputTemplate).toEqual({ n: 3 });
  });

  test('carry the contracts to register with them', () => {
    const workflow = defineWorkflow({
      name: 'probe',
      version: 1,
      description: '',
      input: z.object({}),
      output: z.object({}),
    }).build((wf) => {
      wf.task('one', greet, { who: 'you' });
      wf.task('two', greet, { who: 'me' });
      wf.http('call', externalApi, { method: 'GET', uri: 'http://h', response: z.unknown() });
      return {};
    });
    expect(workflow.tasks.map(({ name }) => name)).toEqual(['greet', 'external_api']);
  });
});

describe('task types', () => {
  test('a fork ends in a JOIN on the last task of each branch', () => {
    const [fork, join] = tasksOf((wf) => {
      wf.fork('both', {
        left: (branch) => branch.task('l', greet, { who: 'l' }),
        right: (branch) => branch.task('r', greet, { who: 'r' }),
      });
    });
    expect(fork).toMatchObject({
      type: 'FORK_JOIN',
      forkTasks: [[{ taskReferenceName: 'l' }], [{ taskReferenceName: 'r' }]],
    });
    expect(join).toMatchObject({ type: 'JOIN', joinOn: ['l', 'r'] });
  });

  test('a branch that ends in a SWITCH is joined behind it, not on it', () => {
    const [, join] = tasksOf((wf) => {
      wf.fork('both', {
        left: (branch) =>
          branch.switch('which', refs<boolean>('workflow.input.a'), { true: () => {}, false: () => {} }),
      });
    });
    expect(join).toMatchObject({ joinOn: ['both_left_end'] });
  });

  test('a loop counts its rounds itself', () => {
    const [loop] = tasksOf((wf) => {
      wf.repeat('again', { rounds: 5, until: '$.done', inputs: { done: true } }, (scope) =>
        scope.task('g', greet, { who: 'x' }),
      );
    });
    expect(loop).toMatchObject({
      type: 'DO_WHILE',
      loopCondition: "if ($.again['iteration'] < 5 && !($.done)) { true; } else { false; }",
      loopOver: [{ taskReferenceName: 'g' }],
    });
  });

  test('an HTTP task is named after its policy, which is where its time limit and retries are', () => {
    const [call] = tasksOf((wf) => {
      wf.http('call', externalApi, { method: 'POST', uri: 'http://h', body: { a: 1 }, response: z.unknown() });
    });
    expect(call).toMatchObject({ name: 'external_api', taskReferenceName: 'call', type: 'HTTP' });
    expect(externalApi.options.timeoutSeconds).toBe(30);
  });

  test('waits, people and ends', () => {
    const tasks = tasksOf((wf) => {
      wf.wait('pause', { seconds: 2 });
      wf.wait('for_signal', { signal: z.object({}) });
      wf.human('approve', { about: { amount: 1 }, output: z.object({ yes: z.boolean() }) });
      wf.callMcpTool('tool', externalApi, { server: 'http://h/mcp', tool: 'add', arguments: { a: 1 } });
      wf.terminate('stop', 'COMPLETED', 'done', { a: 1 });
    });
    expect(tasks.map(({ type, inputParameters }) => [type, inputParameters])).toEqual([
      ['WAIT', { duration: '2 seconds' }],
      ['WAIT', {}],
      ['HUMAN', { amount: 1 }],
      ['CALL_MCP_TOOL', { mcpServer: 'http://h/mcp', method: 'add', arguments: { a: 1 } }],
      ['TERMINATE', { terminationStatus: 'COMPLETED', terminationReason: 'done', workflowOutput: { a: 1 } }],
    ]);
  });
});

describe('mistakes the compiler cannot see', () => {
  test.each([
    [
      'a reference used twice',
      (wf: Scope) => [wf.task('x', greet, { who: 'a' }), wf.task('x', greet, { who: 'b' })],
      'used twice',
    ],
    ['a reference with a space', (wf: Scope) => wf.task('a b', greet, { who: 'a' }), 'cannot be a task reference'],
    [
      'a reference pasted into a script',
      (wf: Scope) => wf.inline('s', { inputs: {}, output: z.string(), script: '${workflow.input.a}' }),
      'pass values as inputs',
    ],
    ['an empty branch', (wf: Scope) => wf.fork('f', { left: () => {} }), 'has no task'],
  ])('%s', (_, build, message) => {
    expect(() => tasksOf((wf) => void build(wf))).toThrow(message);
  });
});
