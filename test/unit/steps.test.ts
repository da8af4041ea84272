import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { FleetError } from '../../core/errors.ts';
import { lintTaskDef, lintWorkflow } from '../../workflows/lint/lint.ts';
import { walk } from '../../workflows/model/walk.ts';
import { type CompiledDesign, compileSteps } from '../../workflows/steps/compile-steps.ts';
import { EXAMPLE_STEPS, STEP_FORMAT } from '../../workflows/steps/step-format.ts';
import { stepTypes } from '../../workflows/steps/step-forms.ts';
import { designs } from '../support/generated-designs.ts';

type Json = Record<string, unknown>;

function compiled(steps: readonly unknown[], more: Json = {}): CompiledDesign {
  return compileSteps({ name: 'steps', version: 1, steps, ...more });
}

function taskOf({ def }: CompiledDesign, ref: string): WorkflowTask {
  const found = [...walk(def.tasks)].find(({ task }) => task.taskReferenceName === ref)?.task;
  if (!found) throw new Error(`there is no task ${ref}`);
  return found;
}

function problemsOf(steps: readonly unknown[], more: Json = {}): string {
  try {
    compiled(steps, more);
  } catch (error) {
    if (error instanceof FleetError && error.code === 'input') return error.message;
    throw error;
  }
  return '';
}

const everything = {
  complete: true,
  workflows: new Map([['gen_child', [{ name: 'gen_child', version: 1 }]]]),
};

test('lint finds no mistake in workflows from random steps', { timeout: 30_000 }, () => {
  fc.assert(
    fc.property(designs, (steps) => {
      const { def, taskDefs } = compiled(steps);
      const known = { ...everything, taskDefs: new Map(taskDefs.map((one) => [one.name, one])) };
      const findings = lintWorkflow(def, known).filter(({ rule }) => rule !== 'may-be-null');
      expect(findings.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
      expect(taskDefs.flatMap(lintTaskDef)).toEqual([]);
    }),
    { numRuns: 200 },
  );
});

test('a lower limit of rounds gives a workflow with the same tasks', () => {
  fc.assert(
    fc.property(designs, (steps) => {
      const refs = (made: CompiledDesign) => [...walk(made.def.tasks)].map(({ task }) => task.taskReferenceName);
      const short = compileSteps({ name: 'steps', version: 1, steps }, { roundsAtMost: 1 });
      expect(refs(short)).toEqual(refs(compiled(steps)));
    }),
    { numRuns: 50 },
  );
});

describe('references', () => {
  const fetch = { id: 'fetch', type: 'http', url: 'http://shop/prices' };
  const read = (reference: string, before: unknown[] = [fetch]) =>
    taskOf(compiled([...before, { id: 'seen', type: 'set', values: { x: reference } }]), 'seen').inputParameters?.x;

  test.each([
    ['${input.city}', '${workflow.input.city}'],
    ['${fetch.body.items[0].price}', '${fetch.output.response.body.items[0].price}'],
    ['${fetch}', '${fetch.output.response.body}'],
    ['${fetch.statusCode}', '${fetch.output.response.statusCode}'],
    ['${fetch.output.response.body.x}', '${fetch.output.response.body.x}'],
    ['${fetch.taskStatus}', '${fetch.status}'],
    ['${secrets.KEY}', '${workflow.secrets.KEY}'],
    ['${workflow.input.city}', '${workflow.input.city}'],
    ['from ${input.a} to ${ fetch.body.b }', 'from ${workflow.input.a} to ${fetch.output.response.body.b}'],
    ['$${plain}', '$${plain}'],
  ])('the reference %s becomes %s', (written, path) => {
    expect(read(written)).toBe(path);
  });

  test.each([
    ['llm', { provider: 'p', model: 'm', prompt: 'x' }, '${a.name}', '${a.output.result.name}'],
    ['jq', { query: '.' }, '${a.result.name}', '${a.output.result.name}'],
    ['worker', { task: 't' }, '${a.name}', '${a.output.name}'],
    ['mcp_tool', { server: 'http://x', tool: 't' }, '${a.parsed.sum}', '${a.output.content[0].parsed.sum}'],
    ['approval', { question: '?' }, '${a.comment}', '${a.output.comment}'],
    ['workflow', { name: 'w' }, '${a}', '${a.output}'],
  ])('a reference to the result of a step of type %s becomes the right path', (type, fields, written, path) => {
    expect(read(written, [{ id: 'a', type, ...fields }])).toBe(path);
  });

  test.each([
    ['${fech.body}', 'steps[1] "seen", values.x: ${fech.body}: there is no step "fech". Did you mean ${fetch.body}?'],
    ['${fetch.price}', '"fetch" has body, statusCode, headers. To read its answer, write ${fetch.body.price}.'],
    ['${item}', '${item} exists only in the steps of a loop.'],
    ['${vars.none}', 'no step sets the variable "none". The variables are x.'],
    ['${fetch.body * 2}', 'is not a reference. Write ${id.name}, and compute in a script or jq step.'],
    ['${later.x}', '"later" has not run yet at this step. Available here: input, fetch (body, statusCode, headers).'],
    ['${fetch.body', 'it contains a "${" without a "}", or a reference inside another reference.'],
  ])('the wrong reference %s is reported with its place and the existing names', (written, sentence) => {
    const later = { id: 'later', type: 'jq', query: '.' };
    expect(problemsOf([fetch, { id: 'seen', type: 'set', values: { x: written } }, later])).toContain(sentence);
  });

  test('a reference to a step in another parallel branch is reported', () => {
    const branches = [[{ id: 'a', type: 'jq', query: '1' }], [{ id: 'b', type: 'set', values: { x: '${a.result}' } }]];
    expect(problemsOf([{ id: 'p', type: 'parallel', branches }])).toContain(
      'steps[0].branches[1][0] "b", values.x: ${a.result}: "a" has not run yet at this step.',
    );
  });
});

describe('mistakes', () => {
  test.each([
    [{ id: 'a', type: 'htp' }, 'steps[0] "a", type: there is no type "htp". Write "http".'],
    [{ id: 'a', type: 'fork' }, 'Write "parallel".'],
    [{ id: 'a', type: 'poem' }, `The types are ${stepTypes.join(', ')}.`],
    [{ type: 'constructor' }, 'there is no type "constructor"'],
    [{ id: 'a' }, 'type: it is missing.'],
    ['x', 'a step is a JSON object with a type.'],
    [{ id: 'a', type: 'http' }, 'url: it is missing; it must be a string.'],
    [{ id: 'a', type: 'http', url: 'http://x', metod: 'GET' }, 'http has no field "metod" (did you mean method?).'],
    [{ id: 'a', type: 'http', url: 'http://x', method: 'FETCH' }, 'method: it must be one of GET, POST'],
    [{ id: 'a', type: 'http', url: 'http://x/a%20b' }, 'the server encodes it again'],
    [{ id: 'a', type: 'http', url: '/x' }, 'it must begin with http:// or https://.'],
    [{ id: 'a b', type: 'jq', query: '.' }, 'id: use letters, digits, - and single _'],
    [{ id: 'input', type: 'jq', query: '.' }, '"input" already has a meaning in references'],
    [{ id: 'a', type: 'jq', query: '${input.x}' }, 'query: it contains ${…}. Give the value a name in input'],
    [{ id: 'a', type: 'script', code: '1 +' }, 'code: it is not valid JavaScript'],
    [{ id: 'a', type: 'script', code: '`x ${input.x}`' }, 'in backticks'],
    [{ id: 'a', type: 'script', code: "'${input.x}'" }, 'contains a reference in quotes'],
    [{ id: 'a', type: 'wait' }, 'a wait needs exactly one of seconds, until'],
    [{ id: 'a', type: 'branch', on: '${input.x}' }, 'a branch needs either on and cases'],
    [{ id: 'a', type: 'branch', on: '${input.x}', cases: { '> 5': [] } }, 'write "if": "${input.x} > 5" with then'],
    [{ id: 'a', type: 'loop', steps: [] }, 'a loop needs either over (a list), or rounds'],
    [{ id: 'a', type: 'loop', rounds: 2, steps: [] }, 'steps: it has no step. Add one.'],
    [{ id: 'a', type: 'loop', over: 'x ${input.x}', steps: [] }, 'it must be a list or a single reference to a list.'],
    [{ id: 'a', type: 'set', values: {} }, 'it sets no variable. Add one.'],
    [{ id: 'a', type: 'worker', task: 'a:b' }, 'task: use letters, digits, ".", - and _.'],
  ])('the wrong step %j is reported', (step, sentence) => {
    expect(problemsOf([step])).toContain(sentence);
  });

  test('a loop inside a loop is reported', () => {
    const inner = { id: 'inner', type: 'loop', rounds: 2, steps: [{ type: 'jq', query: '.' }] };
    expect(problemsOf([{ id: 'outer', type: 'loop', rounds: 2, steps: [inner] }])).toBe(
      'steps[0].steps[0] "inner": it is a loop inside the loop "outer": the server mixes up the rounds of the two loops. If a condition reads the rounds of the inner loop, the execution fails. With any other condition, the execution never ends. Make the inner loop a workflow of its own, and call this workflow with a workflow step.',
    );
  });

  test('two steps with the same id are reported at any depth', () => {
    const one = { id: 'a', type: 'jq', query: '.' };
    expect(problemsOf([one, { id: 'p', type: 'parallel', branches: [[one]] }])).toContain('another step has this id');
  });

  test('all mistakes are reported at once, up to a limit', () => {
    const lines = problemsOf(Array.from({ length: 30 }, (_, n) => ({ id: `s${n}`, type: 'nothing-like-it' }))).split(
      '\n',
    );
    expect(lines).toHaveLength(9);
    expect(lines.at(-1)).toBe('And 22 more.');
  });
});

describe('traps of the server', () => {
  test('a value is passed to a script as an input and never written into it', () => {
    const made = compiled([{ id: 'a', type: 'script', code: '${input.x} + ${input.x} + ${input.y}' }]);
    expect(taskOf(made, 'a').inputParameters).toEqual({
      value_1: '${workflow.input.x}',
      value_2: '${workflow.input.y}',
      evaluatorType: 'graaljs',
      expression: '($.value_1 + $.value_1 + $.value_2)',
    });
  });

  test('a script with statements becomes a function, so that it can return a value', () => {
    const made = compiled([{ id: 'a', type: 'script', code: 'if (${input.x}) return 1;\nreturn 2;' }]);
    expect(taskOf(made, 'a').inputParameters?.expression).toBe(
      '(function () {\nif ($.value_1) return 1;\nreturn 2;\n})()',
    );
  });

  test('if an MCP tool fails, the workflow fails unless the step is optional', () => {
    const step = { id: 'a', type: 'mcp_tool', server: 'http://x/mcp', tool: 't' };
    expect(compiled([step]).def.tasks.map(({ type }) => type)).toEqual(['CALL_MCP_TOOL', 'INLINE']);
    expect(compiled([{ ...step, optional: true }]).def.tasks).toHaveLength(1);
  });

  test('after a rejection the workflow ends, unless the step says to continue', () => {
    const step = { id: 'a', type: 'approval', question: 'May I?' };
    expect(compiled([step]).def.tasks.map(({ type }) => type)).toEqual(['HUMAN', 'SWITCH']);
    expect(compiled([{ ...step, onRejected: 'continue' }]).def.tasks).toHaveLength(1);
  });

  test('the name of the task definition of a call contains the time limit and the retries', () => {
    const made = compiled([
      { id: 'a', type: 'http', url: 'http://x', timeoutSeconds: 4, retries: 0 },
      { id: 'b', type: 'llm', provider: 'p', model: 'm', prompt: 'x', retries: 0 },
    ]);
    expect(made.taskDefs).toMatchObject([
      {
        name: 'http_4s_0_retries',
        retryCount: 0,
        timeoutSeconds: 4,
        responseTimeoutSeconds: 4,
        timeoutPolicy: 'RETRY',
      },
      { name: 'llm_120s_0_retries' },
    ]);
    expect(taskOf(made, 'a').inputParameters?.http_request).toMatchObject({
      connectionTimeOut: 2000,
      readTimeOut: 2000,
    });
    expect(taskOf(made, 'b').retryCount).toBe(0);
  });

  test('every branch of a fork ends with a task for which a JOIN can wait safely', () => {
    const branches = [{ id: 'a', type: 'worker', task: 't' }, [{ id: 'b', type: 'jq', query: '.' }]];
    const made = compiled([{ id: 'p', type: 'parallel', branches }]);
    expect(taskOf(made, 'p_join').joinOn).toEqual(['p_end_1', 'b']);
  });
});

describe('the whole workflow', () => {
  test('the output is the result of the last step that has one, or the given output', () => {
    const steps = [
      { id: 'a', type: 'jq', query: '.' },
      { id: 'w', type: 'wait', seconds: 1 },
    ];
    expect(compiled(steps).def.outputParameters).toEqual({ a: '${a.output.result}' });
    expect(compiled(steps, { output: { x: ['${a.result.y}'] } }).def.outputParameters).toEqual({
      x: ['${a.output.result.y}'],
    });
    expect(problemsOf(steps, { output: { x: '${b.result}' } })).toContain(
      'output, x: ${b.result}: there is no step "b".',
    );
  });

  test('the inputs of the workflow are those that steps read, with their defaults', () => {
    const made = compiled([{ id: 'a', type: 'jq', query: '.x', input: { x: '${input.city.name}' } }], {
      defaults: { city: { name: 'Dubai' } },
      timeoutSeconds: 60,
    });
    expect(made.inputs).toEqual(['city']);
    expect(made.def).toMatchObject({
      inputParameters: ['city'],
      inputTemplate: { city: { name: 'Dubai' } },
      timeoutSeconds: 60,
      timeoutPolicy: 'TIME_OUT_WF',
    });
  });

  test('a sample answer contains the fields that later steps read, or is the given example', () => {
    const { answers } = compiled([
      { id: 'fetch', type: 'http', url: 'http://x' },
      { id: 'told', type: 'http', url: 'http://x', example: { price: 120 } },
      {
        id: 'each',
        type: 'loop',
        over: '${fetch.body.cities}',
        steps: [{ type: 'jq', query: '.', input: { x: '${item.name}' } }],
      },
      {
        id: 'sum',
        type: 'script',
        code: '${fetch.body.orders}.filter((one) => one.open).length + ${input.text}.trim()',
      },
      { id: 'q', type: 'jq', query: '.body.rows | map(.n)', input: { body: '${fetch.body}' } },
    ]);
    expect(answers.outputs.fetch).toMatchObject({
      response: { body: { cities: [{ name: 1 }], orders: [{}], rows: [{}] } },
    });
    expect(answers.outputs.told).toMatchObject({ response: { body: { price: 120 } } });
    expect(answers.invented).toEqual(['fetch']);
    expect(answers.input).toEqual({ text: 'text' });
  });

  test('the description of the format names every step type, and its example compiles', () => {
    for (const type of stepTypes) expect(STEP_FORMAT).toContain(`\n${type}: `);
    expect(problemsOf(EXAMPLE_STEPS)).toBe('');
  });
});
