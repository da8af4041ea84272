import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { defineTask, type Workflow } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { externalApi } from '../../workflows/dsl/policies.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { walk } from '../../workflows/model/walk.ts';
import { defineScenarios, unchecked } from '../../workflows/scenario/define-scenarios.ts';
import { dryDefinition } from '../../workflows/scenario/dry-definition.ts';
import { mockData, NO_MOCK } from '../../workflows/scenario/mock-data.ts';
import { completes, each, fails, rounds, timesOut } from '../../workflows/scenario/mocks.ts';
import { mistakesIn } from '../../workflows/scenario/scenario-mistakes.ts';
import { boundOf, type KnownWorkflows, stepsOf } from '../../workflows/scenario/workflow-steps.ts';

const known = (...workflows: Workflow[]): KnownWorkflows => ({ workflows, taskDefOf: toTaskDef });

const rate = defineTask({
  name: 'rate_it',
  description: 'Rates.',
  input: z.object({ text: z.string() }),
  output: z.object({ points: z.number() }),
  retryCount: 2,
  timeoutSeconds: 20,
  responseTimeoutSeconds: 10,
});

const alarm = defineWorkflow({
  name: 'Alarm',
  version: 1,
  description: 'An alarm.',
  input: z.object({}),
  output: z.object({}),
}).build((wf) => {
  wf.set('rung', {});
  return {};
});

const child = defineWorkflow({
  name: 'Child',
  version: 3,
  description: 'A child.',
  input: z.object({ text: z.string() }),
  output: z.object({ points: z.number() }),
}).build((wf, { text }) => ({ points: wf.task('inner', rate, { text }).output.points }));

const parent = defineWorkflow({
  name: 'Parent',
  version: 1,
  description: 'A parent.',
  input: z.object({ text: z.string(), texts: z.array(z.string()) }),
  output: z.object({}),
  failureWorkflow: alarm,
}).build((wf, { text, texts }) => {
  wf.repeat('loop', { rounds: 3, until: '$.done', inputs: { done: false } }, (scope) => {
    scope.task('again', rate, { text });
  });
  wf.http('call', externalApi, { method: 'GET', uri: 'http://service/', response: z.unknown() });
  wf.event('tell', { sink: 'conductor:told', payload: { text } });
  wf.wait('rest', { seconds: 10 });
  wf.wait('signal', { signal: z.object({}) });
  wf.subWorkflow('below', child, { text });
  wf.forkEach('all', texts, rate, (item) => ({ text: item }));
  return {};
});

const byRef = (def: WorkflowDef) => new Map([...walk(def.tasks)].map(({ task }) => [task.taskReferenceName, task]));

describe('the definition that a dry run executes', () => {
  const dry = dryDefinition(parent, {}, known(parent, child));
  const tasks = byRef(dry);

  test('the definition of a dry run contains no call, event, wait or failure workflow', () => {
    expect(dry.failureWorkflow).toBeUndefined();
    for (const ref of ['again', 'call', 'tell', 'rest', 'signal']) expect(tasks.get(ref)?.type).toBe('SIMPLE');
    expect(tasks.get('loop')?.type).toBe('DO_WHILE');
  });

  test('the definition of a dry run has the same inputs, but its own name', () => {
    expect(tasks.get('call')?.inputParameters).toEqual(byRef(parent.def).get('call')?.inputParameters);
    expect(dry).toMatchObject({ name: 'Parent_dry_run', version: 1, inputTemplate: parent.def.inputTemplate });
  });

  test('the definition of a dry run contains the task definitions, so that registered ones do not affect retries', () => {
    expect(tasks.get('again')?.taskDefinition).toMatchObject({ name: 'rate_it', retryCount: 2, timeoutSeconds: 20 });
    expect(tasks.get('call')?.taskDefinition).toMatchObject({ name: 'external_api', retryCount: 3 });
    expect(tasks.get('tell')?.taskDefinition).toMatchObject({ retryCount: 0 });
  });

  test('the definition of a dry run contains dry runs of its sub-workflows', () => {
    const param = tasks.get('below')?.subWorkflowParam as { workflowDefinition: WorkflowDef };
    expect(param.workflowDefinition.name).toBe('Child_dry_run');
    expect(byRef(param.workflowDefinition).get('inner')?.taskDefinition).toMatchObject({ name: 'rate_it' });
  });

  test('a dry run does not run a sub-workflow that has an answer or is unknown', () => {
    const answered = dryDefinition(parent, { tasks: { below: completes({}) } }, known(parent, child));
    expect(byRef(answered).get('below')?.type).toBe('SIMPLE');
    expect(byRef(dryDefinition(parent, {}, known(parent))).get('below')?.type).toBe('SIMPLE');
  });

  test('a dry run rewrites the tasks that a fork over a list makes at run time', () => {
    expect(tasks.get('all')?.inputParameters).toMatchObject({ tasks: '${all_as_dry_run.output.result}' });
    const rewrite = tasks.get('all_as_dry_run')?.inputParameters;
    expect(rewrite).toMatchObject({ tasks: '${all_tasks.output.result}', defs: { rate_it: { retryCount: 2 } } });
  });

  test('a dry run calls nothing, even if each task has the fields of all types, as in definitions that the server stores', () => {
    const stored = { decisionCases: {}, defaultCase: [], forkTasks: [], loopOver: [], joinOn: [], optional: false };
    const tasks = parent.def.tasks.map((task) => ({ ...stored, ...task }));
    const types = byRef(dryDefinition({ ...parent, def: { ...parent.def, tasks } }, {}, known(parent, child)));
    for (const ref of ['call', 'tell', 'rest', 'signal']) expect(types.get(ref)?.type).toBe('SIMPLE');
  });

  test('making a dry run does not change the workflow', () => {
    expect(byRef(parent.def).get('call')?.type).toBe('HTTP');
    expect(parent.def.failureWorkflow).toBe('Alarm');
  });
});

describe('mocks for the test endpoint', () => {
  const missing = { status: 'FAILED_WITH_TERMINAL_ERROR', output: { [NO_MOCK]: true } };
  const mocksOf = (tasks: Parameters<typeof mockData>[1]['tasks']) =>
    mockData(parent, tasks ? { tasks } : {}, known(parent, child)).taskRefToMockOutput;

  test('a task without an answer ends the run, but a timed wait and an event need no answer', () => {
    const mocks = mocksOf(undefined);
    expect(mocks.call).toEqual([missing]);
    expect(mocks.signal).toEqual([missing]);
    expect(mocks.rest).toEqual([{ status: 'COMPLETED', output: {} }, missing]);
    expect(mocks.tell).toEqual([{ status: 'COMPLETED', output: {} }, missing]);
  });

  test('a single answer is used for every attempt; a list has one answer for each attempt', () => {
    expect(mocksOf({ call: fails('503') }).call).toHaveLength(5);
    expect(mocksOf({ call: [fails('503')] }).call).toEqual([
      { status: 'FAILED', output: { response: '503' }, reason: '503' },
      missing,
    ]);
  });

  test('in a loop, every possible round gets the same answers, or with `rounds` its own', () => {
    const same = mocksOf({ again: completes({ points: 1 }) });
    expect(Object.keys(same).filter((ref) => ref.startsWith('again'))).toEqual(['again__1', 'again__2', 'again__3']);
    const own = mocksOf({ again: rounds(completes({ points: 1 }), [fails('x'), completes({ points: 2 })]) });
    expect(own.again__2?.map(({ status }) => status)).toEqual(['FAILED', 'COMPLETED', 'FAILED_WITH_TERMINAL_ERROR']);
    expect(own.again__3).toEqual([missing]);
  });

  test('`timesOut` makes an attempt that takes longer than the task definition allows', () => {
    expect(mocksOf({ again: [timesOut()] }).again__1?.[0]).toEqual({
      status: 'IN_PROGRESS',
      output: {},
      executionTime: 21_000,
    });
  });

  test('a fork over a list gets an answer for each item', () => {
    const mocks = mocksOf({ all: each(completes({ points: 1 }), completes({ points: 2 })) });
    expect(mocks.all_1?.[0]).toEqual({ status: 'COMPLETED', output: { points: 2 } });
    expect(mocks.all_1__1).toEqual(mocks.all_1);
    expect(mocks.all_2).toEqual([missing]);
  });

  test('the tasks of a sub-workflow get the answers of that sub-workflow', () => {
    const { subWorkflowTestRequest } = mockData(
      parent,
      { subWorkflows: { below: { tasks: { inner: completes({ points: 1 }) } } } },
      known(parent, child),
    );
    expect(subWorkflowTestRequest?.below).toMatchObject({
      name: 'Child_dry_run',
      version: 3,
      taskRefToMockOutput: { inner: [{ output: { points: 1 } }, {}, {}, missing] },
    });
  });
});

test('boundOf reads the maximum number of rounds from the condition of a loop', () => {
  const loop = (loopCondition: unknown) =>
    boundOf({ name: 'l', taskReferenceName: 'l', type: 'DO_WHILE', loopCondition });
  expect(loop(stepsOf(parent, known()).get('loop')?.task.loopCondition)).toBe(3);
  expect(loop('$.l.iteration < 7')).toBe(7);
  expect(loop("$.l['iteration'] <= 7 && $.x")).toBe(8);
  expect(loop('$.x < 3')).toBeUndefined();
});

test('the inputs and outputs of a scenario have the types of the workflow', () => {
  const expected = { status: 'COMPLETED' } as const;
  const { scenarios } = defineScenarios(child, {
    right: { input: { text: 'x' }, expect: { ...expected, output: { points: 1 } } },
    // @ts-expect-error `text` must be a text, not a number
    input: { input: { text: 7 }, expect: expected },
    // @ts-expect-error the workflow has no output `pionts`
    output: { input: { text: 'x' }, expect: { ...expected, output: { pionts: 1 } } },
    // @ts-expect-error an execution cannot end as PAUSED
    status: { input: { text: 'x' }, expect: { status: 'PAUSED' } },
    anything: { input: unchecked({ text: 7 }), expect: expected },
  });
  const found = Object.entries(scenarios).filter(([, one]) => mistakesIn(child, one, known(child)).length > 0);
  expect(found.map(([title]) => title)).toEqual(['input']);
});
