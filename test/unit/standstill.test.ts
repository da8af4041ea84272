import { describe, expect, test } from 'vitest';
import { printExecution } from '../../cli/printing/print-execution.ts';
import { type Execution, executionSchema } from '../../core/conductor/types.ts';
import { standstillOf } from '../../workflows/model/standstill.ts';
import { fakeExecution, fakeTask } from '../support/fake-conductor.ts';
import { choose, fork, type Json, join, loop, noop, task } from '../support/lint-traps/trap.ts';

const NOW = 1_800_000_000_000;
const callee = (name: string) => task('SUB_WORKFLOW', 's', { subWorkflowParam: { name, version: 1 } });
const ran = (ref: string, more: Json = {}): Json =>
  fakeTask({
    taskId: ref,
    taskType: 'NOOP',
    referenceTaskName: ref,
    status: 'COMPLETED',
    endTime: NOW - 1_000,
    ...more,
  });

function execution(tasks: Json[], done: Json[], more: Json = {}): Execution {
  return executionSchema.parse(
    fakeExecution({
      status: 'RUNNING',
      input: { given: 'x' },
      startTime: NOW - 5_000,
      endTime: 0,
      workflowDefinition: { name: 'flow', tasks },
      tasks: done.map((one, seq) => ({ ...one, seq })),
      ...more,
    }),
  );
}

const missing = '${workflow.input.which}';

describe('D5: a running execution in which nothing is open', () => {
  test.each<[string, Json[], Json[]]>([
    ['directly', [noop('a'), callee(missing)], [ran('a')]],
    ['as the first task of a branch', [noop('a'), fork('f', [[callee(missing)]]), join('j', ['s'])], [ran('a')]],
    [
      'in the chosen case',
      [choose('c', 1, { x: [callee(missing)] })],
      [ran('c', { outputData: { selectedCase: 'x' } })],
    ],
    ['after a case', [choose('c', 1, { x: [noop('a')] }), callee(missing)], [ran('c'), ran('a')]],
    [
      'in a loop',
      [loop('l', 'false', [noop('a'), callee(missing)])],
      [ran('l', { taskType: 'DO_WHILE', status: 'IN_PROGRESS', endTime: 0, startTime: NOW - 2_000 }), ran('a__1')],
    ],
  ])('stands still at once if the name of the next sub-workflow is null %s', (_, tasks, done) => {
    expect(standstillOf(execution(tasks, done), NOW)).toMatchObject({
      isFinal: true,
      nullName: missing,
      next: { taskReferenceName: 's' },
    });
  });

  test('may continue if the name has a value, and stands still if it does not continue for a minute', () => {
    const named = execution([noop('a'), callee('${workflow.input.given}')], [ran('a')]);
    expect(standstillOf(named, NOW)).toMatchObject({ isFinal: false, next: { taskReferenceName: 's' } });
    expect(standstillOf(named, NOW + 61_000)).toMatchObject({ isFinal: true });
  });

  test('is none if a task is open, or if the execution has ended or is paused', () => {
    const tasks = [noop('a'), callee(missing)];
    expect(standstillOf(execution(tasks, [ran('a', { status: 'IN_PROGRESS' })]), NOW)).toBeUndefined();
    for (const status of ['COMPLETED', 'PAUSED', 'TERMINATED'])
      expect(standstillOf(execution(tasks, [ran('a')], { status }), NOW)).toBeUndefined();
  });

  test('is reported by fleet status, with the way out', () => {
    const lines: string[] = [];
    printExecution(execution([noop('a'), callee(missing)], [ran('a')]), (line = '') => lines.push(line));
    const said = lines.join('\n');
    expect(said).toContain(
      'nothing is open, and nothing will happen: the server cannot schedule task "s" (SUB_WORKFLOW)',
    );
    expect(said).toContain('end it with DELETE /api/workflow/exec-1');
  });
});
