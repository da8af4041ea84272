import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { executionSchema } from '../../core/conductor/types.ts';
import { defineTask } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { coverageOf, percentOf } from '../../workflows/scenario/coverage.ts';
import { isSpoilt, traceOf } from '../../workflows/scenario/trace.ts';
import { stepsOf } from '../../workflows/scenario/workflow-steps.ts';

const work = defineTask({
  name: 'do_work',
  description: 'Works.',
  input: z.object({}),
  output: z.object({ kind: z.enum(['a', 'b']) }),
  retryCount: 1,
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

const workflow = defineWorkflow({
  name: 'Covered',
  version: 1,
  description: 'Contains each kind of point that a scenario can cover.',
  input: z.object({ list: z.array(z.string()) }),
  output: z.object({}),
  failureWorkflow: alarm,
}).build((wf, { list }) => {
  const { output } = wf.task('first', work, {});
  wf.switch('choose', output.kind, { a: () => {} }, (other) => other.terminate('stop', 'FAILED', 'not a'));
  wf.repeat('often', { rounds: 3, until: '$.done', inputs: { done: false } }, (scope) => scope.set('mark', {}));
  wf.task('extra', work, {}, { optional: true, retryCount: 0 });
  wf.forEach('each', { items: list }, (scope) => scope.set('seen', {}));
  return {};
});

const known = { workflows: [workflow], taskDefOf: toTaskDef };
const steps = stepsOf(workflow, known);

type Row = [ref: string, status: string, output?: object, round?: number, reason?: string];

function traceWith(status: string, ...rows: Row[]) {
  const tasks = rows.map(([referenceTaskName, state, outputData = {}, iteration = 0, reasonForIncompletion], seq) => {
    const taskType = steps.get(referenceTaskName)?.type ?? 'JOIN';
    const ids = { taskId: `t${seq}`, workflowInstanceId: 'w', referenceTaskName, taskType };
    return { ...ids, status: state, outputData, iteration, seq, reasonForIncompletion };
  });
  const execution = executionSchema.parse({ workflowId: 'w', workflowName: 'Covered_dry_run', status, tasks });
  return traceOf(execution, steps, { taskRefToMockOutput: {} });
}

const missed = (...traces: ReturnType<typeof traceWith>[]) =>
  coverageOf(workflow, traces, known).missed.map(({ ref, what }) => `${ref}: ${what}`);

describe('the points that scenarios can cover', () => {
  test('without a run, all points are missed', () => {
    expect(missed()).toEqual([
      'first: completes',
      'first: is retried',
      'choose: case a',
      'choose: default case',
      'stop: ends the workflow',
      'often: one round',
      'often: several rounds',
      'often: is stopped by its limit of rounds',
      'often: is stopped by its condition',
      'extra: completes',
      'extra: fails and the workflow continues',
      'each: no round',
      'each: one round',
      'each: several rounds',
      'Covered: fails, which starts Alarm',
    ]);
  });

  test('coverage distinguishes how a loop ended and whether it ran one round or several', () => {
    const loops = (often: number, each: number) =>
      missed(
        traceWith(
          'COMPLETED',
          ['often', 'COMPLETED', { iteration: often }],
          ['each', 'COMPLETED', { iteration: each }],
        ),
      ).filter((point) => /^(often|each)/.test(point));
    expect(loops(3, 0)).toEqual([
      'often: one round',
      'often: is stopped by its condition',
      'each: one round',
      'each: several rounds',
    ]);
    expect(loops(1, 2)).toEqual([
      'often: several rounds',
      'often: is stopped by its limit of rounds',
      'each: no round',
      'each: one round',
    ]);
  });

  test('coverage combines all scenarios: cases, retries, optional failures, TERMINATE and the failure of the workflow', () => {
    const good = traceWith(
      'COMPLETED',
      ['first', 'FAILED', {}, 0, 'busy'],
      ['first', 'COMPLETED', { kind: 'a' }],
      ['choose', 'COMPLETED', { selectedCase: 'a' }],
      ['extra', 'COMPLETED_WITH_ERRORS'],
    );
    const bad = traceWith(
      'FAILED',
      ['first', 'COMPLETED', { kind: 'b' }],
      ['choose', 'COMPLETED', { selectedCase: 'b' }],
      ['stop', 'COMPLETED'],
    );
    expect(missed(good, bad).filter((point) => !/^(often|each)/.test(point))).toEqual(['extra: completes']);
  });

  test('the percentage is rounded down, so that 100 % means that no point is missed', () => {
    expect(percentOf([{ points: 200, missed: [{ ref: 'a', what: 'b' }] }])).toBe(99);
    expect(percentOf([{ points: 3, missed: [] }])).toBe(100);
    expect(percentOf([])).toBe(100);
  });
});

describe('isSpoilt', () => {
  test('a run is spoilt if a JOIN failed although the server should have retried a task first', () => {
    const spoilt = traceWith('FAILED', ['first', 'FAILED', {}, 0, 'busy'], ['first', 'CANCELED'], ['join', 'FAILED']);
    expect(isSpoilt(spoilt, steps)).toBe(true);
    const real = traceWith('FAILED', ['first', 'FAILED'], ['first', 'FAILED'], ['join', 'FAILED']);
    expect(isSpoilt(real, steps)).toBe(false);
    expect(isSpoilt(traceWith('FAILED', ['first', 'FAILED_WITH_TERMINAL_ERROR'], ['join', 'FAILED']), steps)).toBe(
      false,
    );
    expect(isSpoilt(traceWith('FAILED', ['first', 'FAILED'], ['first', 'FAILED']), steps)).toBe(false);
  });

  test('a run is spoilt if it ended while the server computed a task, but not while a task waited for an answer', () => {
    expect(isSpoilt(traceWith('RUNNING', ['first', 'COMPLETED'], ['often', 'IN_PROGRESS']), steps)).toBe(true);
    expect(isSpoilt(traceWith('RUNNING', ['first', 'SCHEDULED'], ['often', 'IN_PROGRESS']), steps)).toBe(false);
  });
});
