import { describe, expect, test } from 'vitest';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { knownFrom } from '../../workflows/pull/known.ts';
import { writeFile } from '../../workflows/pull/write/file.ts';

const known = knownFrom({ tasks: [], workflows: [], policies: {}, taskDefs: [] });
const entry = 'conductor-fleet';

function sourceOf(tasks: WorkflowTask[], plain: readonly string[] = []): string {
  const doubts = { tasks: new Set(plain), fields: {}, taskDefs: new Map() };
  return writeFile({ name: 'w', version: 1, tasks }, { known, entry, doubts }).printed.source;
}

function simple(ref: string): WorkflowTask {
  return { name: 'work', taskReferenceName: ref, type: 'SIMPLE', inputParameters: { a: '${workflow.input.a}' } };
}

function switchOver(ref: string, decisionCases: Record<string, WorkflowTask[]>): WorkflowTask {
  const inputParameters = { on: '${workflow.input.kind}' };
  return {
    name: ref,
    taskReferenceName: ref,
    type: 'SWITCH',
    evaluatorType: 'value-param',
    expression: 'on',
    inputParameters,
    decisionCases,
  };
}

/** Returns a SWITCH with `levels` levels. Each SWITCH is the only task in a case of the SWITCH above. */
function nestedSwitches(levels: number): WorkflowTask {
  let task = simple('innermost');
  for (let level = levels; level > 0; level--) task = switchOver(`level_${level}`, { a: [task] });
  return task;
}

/** Returns a fork and the JOIN that waits for the last task of each branch. */
function forked(ref: string, forkTasks: WorkflowTask[][]): WorkflowTask[] {
  const joinOn = forkTasks.flatMap((branch) => branch.at(-1)?.taskReferenceName ?? []);
  const fork = { name: 'fork', taskReferenceName: ref, type: 'FORK_JOIN', inputParameters: {}, forkTasks };
  return [fork, { name: 'join', taskReferenceName: `${ref}_join`, type: 'JOIN', inputParameters: {}, joinOn }];
}

// If each level doubled the work, 200 levels would never end, and the test would exceed its time limit even on a fast machine.
describe('a large definition is written without doubling the work at each level', () => {
  test.each([
    ['by builders', []],
    ['as plain JSON', Array.from({ length: 200 }, (_, index) => `level_${index + 1}`)],
  ])('D3: 200 nested SWITCHes written %s', (_, plain) => {
    const source = sourceOf([nestedSwitches(200)], plain);
    expect(source).toContain("'level_200'");
    expect(source).toContain("'innermost'");
  });

  test('D3: a SWITCH with 1,000 cases', () => {
    const cases = Array.from({ length: 1_000 }, (_, index): [string, WorkflowTask[]] => [
      `case_${index}`,
      [simple(`task_${index}`)],
    ]);
    expect(sourceOf([switchOver('wide', Object.fromEntries(cases))])).toContain("'task_999'");
  });

  test('D3: 100 nested FORK_JOINs around one with 1,000 branches', () => {
    const branches = Array.from({ length: 1_000 }, (_, index) => [simple(`task_${index}`)]);
    let tasks = forked('wide', branches);
    for (let level = 100; level > 0; level--) tasks = forked(`level_${level}`, [tasks, [simple(`beside_${level}`)]]);
    const source = sourceOf(tasks);
    expect(source).toContain("'task_999'");
    expect(source).toContain("'beside_100'");
  });
});
