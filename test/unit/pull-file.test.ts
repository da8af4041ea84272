import { describe, expect, test } from 'vitest';
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { knownFrom } from '../../workflows/pull/known.ts';
import { writeFile } from '../../workflows/pull/write/file.ts';

const known = knownFrom({ tasks: [], workflows: [], policies: {}, taskDefs: [] });
const modules = { contract: 'c', define: 'd', policies: 'p', refs: 'r' };

function sourceOf(tasks: WorkflowTask[], plain: readonly string[] = []): string {
  const doubts = { tasks: new Set(plain), fields: {}, taskDefs: new Map() };
  return writeFile({ name: 'w', version: 1, tasks }, { known, modules, doubts }).printed.source;
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

function seconds(work: () => void): number {
  const start = performance.now();
  work();
  return (performance.now() - start) / 1_000;
}

describe('the time to write a definition grows only linearly with its size', () => {
  test.each([
    ['by builders', []],
    ['as plain JSON', Array.from({ length: 100 }, (_, index) => `level_${index + 1}`)],
  ])('100 nested SWITCHes written %s take less than a second', (_, plain) => {
    let source = '';
    expect(seconds(() => (source = sourceOf([nestedSwitches(100)], plain)))).toBeLessThan(1);
    expect(source).toContain("'level_100'");
    expect(source).toContain("'innermost'");
  });

  test('a SWITCH with 1,000 cases takes less than a second', () => {
    const cases = Array.from({ length: 1_000 }, (_, index): [string, WorkflowTask[]] => [
      `case_${index}`,
      [simple(`task_${index}`)],
    ]);
    let source = '';
    expect(seconds(() => (source = sourceOf([switchOver('wide', Object.fromEntries(cases))])))).toBeLessThan(1);
    expect(source).toContain("'task_999'");
  });

  test('400 nested SWITCHes take less than two seconds', () => {
    expect(seconds(() => sourceOf([nestedSwitches(400)]))).toBeLessThan(2);
  });
});
