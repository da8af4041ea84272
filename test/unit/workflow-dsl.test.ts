import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadWorkflows } from '../../cli/load-content.ts';
import { defineTask } from '../../core/contract.ts';
import { defineEventHandler } from '../../workflows/dsl/define-event-handler.ts';
import { defineSchedule } from '../../workflows/dsl/define-schedule.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { definePolicy, externalApi } from '../../workflows/dsl/policies.ts';
import { at, refs } from '../../workflows/dsl/refs.ts';
import type { Scope } from '../../workflows/dsl/scope.ts';

const greet = defineTask({
  name: 'greet',
  description: 'Greets.',
  input: z.object({ who: z.string() }),
  output: z.object({ text: z.string() }),
});

/** Returns the tasks that a builder makes, as plain JSON. */
function tasksOf(build: (wf: Scope) => unknown) {
  const spec = { name: 'probe', version: 1, description: '', input: z.object({ a: z.string() }), output: z.object({}) };
  return defineWorkflow(spec).build((wf) => {
    build(wf);
    return {};
  }).def.tasks;
}

const shipped = await loadWorkflows();

describe('references', () => {
  test('a reference prints as its path', () => {
    const input = refs<{ a: { b: string[] } }>('workflow.input');
    expect(JSON.stringify({ x: input.a.b })).toBe('{"x":"${workflow.input.a.b}"}');
    expect(`at ${input.a.b}`).toBe('at ${workflow.input.a.b}');
    expect(at(input.a.b, 2).toJSON()).toBe('${workflow.input.a.b[2]}');
  });

  test("an output may have the name of an object's method", () => {
    expect(refs<{ constructor: string }>('t.output').constructor.toJSON()).toBe('${t.output.constructor}');
  });
});

describe('names that are not plain words', () => {
  const odd = refs<Record<string, string>>('t.output');
  test.each([
    ['x-y', '${t.output.x-y}'],
    ['1', '${t.output.1}'],
    ['a b', "${t.output['a b']}"],
    ['a.b', "${t.output['a.b']}"],
    ["it's", "${t.output['it\\'s']}"],
    ['b\\s', "${t.output['b\\\\s']}"],
    ['größe', "${t.output['größe']}"],
  ])('the name %s is written so that the server finds the field', (key, expression) => {
    expect(odd[key]?.toJSON()).toBe(expression);
  });

  test.each(['a{b', 'a}b', 'a\nb'])('the name %j is rejected', (key) => {
    expect(() => odd[key]).toThrow(
      expect.objectContaining({ code: 'config', message: expect.stringContaining('braces') }),
    );
  });
});

describe('references to a whole object', () => {
  const whole = refs<{ who: string; text: string }>('workflow.input.greeting');

  test('a reference to a whole object becomes the inputs of the contract', () => {
    const [task] = tasksOf((wf) => wf.task('hello', greet, whole));
    expect(task?.inputParameters).toEqual({ who: '${workflow.input.greeting.who}' });
  });

  test('a reference to a whole object becomes the outputs of the workflow', () => {
    const spec = { name: 'probe', version: 1, description: '', input: greet.input, output: greet.output };
    const { def } = defineWorkflow(spec).build((wf, input) => wf.task('hello', greet, input).output);
    expect(def.tasks[0]?.inputParameters).toEqual({ who: '${workflow.input.who}' });
    expect(def.outputParameters).toEqual({ text: '${hello.output.text}' });
  });

  test('a reference to a whole object is rejected if the schema allows other keys', () => {
    const open = defineTask({
      name: 'open',
      description: '',
      input: z.looseObject({ who: z.string() }),
      output: greet.output,
    });
    expect(() => tasksOf((wf) => wf.task('hello', open, refs('workflow.input')))).toThrow(
      'its schema allows keys that it does not name',
    );
  });

  test('a reference to a whole object cannot be spread', () => {
    expect(() => tasksOf((wf) => wf.task('hello', greet, { ...whole }))).toThrow('cannot be spread');
    expect(() =>
      tasksOf((wf) => wf.human('ask', { about: whole as object as Record<string, unknown>, output: z.object({}) })),
    ).toThrow('cannot be spread');
  });
});

describe('definitions', () => {
  test('a definition is plain, frozen JSON, and is the same each time', async () => {
    for (const { def } of await loadWorkflows()) {
      expect(JSON.parse(JSON.stringify(def))).toEqual(def);
      expect(Object.isFrozen(def.tasks)).toBe(true);
    }
    const build = () => tasksOf((wf) => wf.task('hello', greet, { who: 'you' }));
    expect(JSON.stringify(build())).toBe(JSON.stringify(build()));
  });

  test.each(shipped.map(({ name, def }) => [name, def] as const))(
    '%s equals its stored JSON; `vitest -u` stores a change',
    async (name, def) => {
      await expect(`${JSON.stringify(def, null, 2)}\n`).toMatchFileSnapshot(`definitions/${name}.json`);
    },
  );

  test('defaults of the input become the input template', () => {
    const input = z.object({ a: z.string(), n: z.number().default(3) });
    const { def } = defineWorkflow({ name: 'probe', version: 1, description: '', input, output: z.object({}) }).build(
      () => ({}),
    );
    expect(def.inputTemplate).toEqual({ n: 3 });
  });

  test('a workflow contains the contracts that must be registered with it', () => {
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
  test('an INLINE task has its script after its inputs', () => {
    const [inline] = tasksOf((wf) => wf.inline('s', { inputs: { a: 1 }, output: z.number(), script: '$.a' }));
    expect(Object.keys(inline?.inputParameters ?? {})).toEqual(['a', 'evaluatorType', 'expression']);
  });

  test('if a branch ends with a task that may be retried, the JOIN waits for a NOOP after it', () => {
    const [fork, join] = tasksOf((wf) => {
      wf.fork('both', {
        left: (branch) => branch.task('l', greet, { who: 'l' }),
        right: (branch) => branch.jq('r', { inputs: {}, query: '1', output: z.number() }),
      });
    });
    expect(fork).toMatchObject({
      type: 'FORK_JOIN',
      forkTasks: [[{ taskReferenceName: 'l' }, { type: 'NOOP' }], [{ taskReferenceName: 'r' }]],
    });
    expect(join).toMatchObject({ type: 'JOIN', joinOn: ['both_left_end', 'r'] });
  });

  test('if a branch ends with a SWITCH, the JOIN waits for a NOOP after it', () => {
    const [, join] = tasksOf((wf) => {
      wf.fork('both', {
        left: (branch) =>
          branch.switch('which', refs<boolean>('workflow.input.a'), { true: () => {}, false: () => {} }),
      });
    });
    expect(join).toMatchObject({ joinOn: ['both_left_end'] });
  });

  test('the condition of a loop contains its limit of rounds', () => {
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

  test('an HTTP task has the name of its policy, which sets the time limit and the retries', () => {
    const [call] = tasksOf((wf) => {
      wf.http('call', externalApi, { method: 'POST', uri: 'http://h', body: { a: 1 }, response: z.unknown() });
    });
    expect(call).toMatchObject({ name: 'external_api', taskReferenceName: 'call', type: 'HTTP' });
    expect(externalApi.options.timeoutSeconds).toBe(30);
  });

  test('wait, human, callMcpTool and terminate make tasks with the right inputs', () => {
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

describe('mistakes that the compiler cannot see', () => {
  test.each([
    [
      'two tasks with the same reference',
      (wf: Scope) => [wf.task('x', greet, { who: 'a' }), wf.task('x', greet, { who: 'b' })],
      'two tasks have the reference "x"',
    ],
    [
      'a reference with a space',
      (wf: Scope) => wf.task('a b', greet, { who: 'a' }),
      '"a b" is not a valid task reference',
    ],
    [
      'a reference pasted into a script',
      (wf: Scope) => wf.inline('s', { inputs: {}, output: z.string(), script: '${workflow.input.a}' }),
      'Pass the value as an input',
    ],
    ['an empty branch', (wf: Scope) => wf.fork('f', { left: () => {} }), 'has no task'],
    [
      'an input with the name of the script field',
      inlineWith('expression'),
      'the task "s" already uses the name "expression"',
    ],
    ['an input with the name of the language field', inlineWith('evaluatorType'), 'uses the name "evaluatorType"'],
    [
      'an input with the name of the query field',
      (wf: Scope) => wf.jq('q', { inputs: { queryExpression: '.' }, output: z.string(), query: '.a' }),
      'uses the name "queryExpression"',
    ],
    ['an address with encoded text', httpTo('http://h/a%20b'), 'the address of "h" contains encoded text'],
    ['an address with braces', httpTo('http://h/{id}'), 'the address of "h" contains braces'],
    ['a wait of half a second', (wf: Scope) => wf.wait('w', { seconds: 0.5 }), '"w" has 0.5 seconds'],
    ['a wait of 0 seconds', (wf: Scope) => wf.wait('w', { seconds: 0 }), '"w" has 0 seconds'],
    ['a loop with 0 rounds', loopWith({ rounds: 0 }), '"l" has 0 rounds'],
    ['a loop with one and a half rounds', loopWith({ rounds: 1.5 }), '"l" has 1.5 rounds'],
    ['a loop with infinitely many rounds', loopWith({ rounds: Number.POSITIVE_INFINITY }), '"l" has Infinity rounds'],
    ['an input named like its loop', loopWith({ inputs: { l: 1 } }), 'uses the name "l"'],
    ['an input named like a task in the loop', loopWith({ inputs: { g: 1 } }), 'uses the name "g"'],
    [
      'an input named `items`, which would make the loop run over a list',
      loopWith({ inputs: { items: [] } }),
      'uses the name "items"',
    ],
  ])('the builder refuses %s', (_, build, message) => {
    const mistake = { code: 'config', message: expect.stringContaining(message) };
    expect(() => tasksOf((wf) => void build(wf))).toThrow(expect.objectContaining(mistake));
  });

  function httpTo(uri: string) {
    return (wf: Scope) => wf.http('h', externalApi, { method: 'GET', uri, response: z.unknown() });
  }

  function inlineWith(name: string) {
    return (wf: Scope) => wf.inline('s', { inputs: { [name]: '6 * 7' }, output: z.string(), script: '$.a' });
  }

  function loopWith(loop: { rounds?: number; inputs?: Record<string, unknown> }) {
    const whole = { rounds: 2, until: 'false', inputs: {}, ...loop };
    return (wf: Scope) =>
      wf.repeat('l', whole, (scope) => scope.fork('f', { left: (one) => one.task('g', greet, { who: 'x' }) }));
  }
});

describe('D8: a name that the server could never fetch or delete', () => {
  const input = z.object({});
  const flow = (name: string) =>
    defineWorkflow({ name, version: 1, description: '', input, output: input }).build(() => ({}));
  const workflow = flow('probe');
  const kinds: Record<string, (name: string) => unknown> = {
    workflow: flow,
    task: (name) => defineTask({ name, description: '', input, output: input }),
    policy: (name) => definePolicy(name, '', { timeoutSeconds: 1 }),
    schedule: (name) => defineSchedule({ name, description: '', workflow, cron: '0 0 9 * * *', input: {} }),
    'event handler': (name) => defineEventHandler({ name, description: '', event: 'conductor:a:b', payload: input }),
  };

  test.each(Object.keys(kinds))('is refused for a %s', (kind) => {
    for (const name of ['a/b', 'a\\b', '..', 'a\0b', 'a\ud800'])
      expect(() => kinds[kind]?.(name), name).toThrow('so the server could never fetch or delete it');
    for (const name of ['a b', 'a.b', 'a..b', 'é', 'a:b', 'a%2Fb'])
      expect(() => kinds[kind]?.(name), name).not.toThrow();
  });
});
