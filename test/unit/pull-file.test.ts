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

/** Seconds of the fastest of three runs. The other two may have been interrupted. */
function seconds(work: () => void): number {
  const runs = [1, 2, 3].map(() => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return Math.min(...runs) / 1_000;
}

/** Room for the noise of a busy machine. Quadratic growth would need 100 times the time for ten times the size. */
const TEN_TIMES = 30;

describe('the time to write a definition grows only linearly with its size', () => {
  test.each([
    ['by builders', []],
    ['as plain JSON', Array.from({ length: 200 }, (_, index) => `level_${index + 1}`)],
  ])('200 nested SWITCHes written %s take about ten times as long as 20', (_, plain) => {
    let source = '';
    const few = seconds(() => sourceOf([nestedSwitches(20)], plain));
    expect(seconds(() => (source = sourceOf([nestedSwitches(200)], plain)))).toBeLessThan(TEN_TIMES * few);
    expect(source).toContain("'level_200'");
    expect(source).toContain("'innermost'");
  });

  test('a SWITCH with 1,000 cases takes about ten times as long as one with 100', () => {
    const wide = (count: number) => {
      const cases = Array.from({ length: count }, (_, index): [string, WorkflowTask[]] => [
        `case_${index}`,
        [simple(`task_${index}`)],
      ]);
      return [switchOver('wide', Object.fromEntries(cases))];
    };
    let source = '';
    const few = seconds(() => sourceOf(wide(100)));
    expect(seconds(() => (source = sourceOf(wide(1_000))))).toBeLessThan(TEN_TIMES * few);
    expect(source).toContain("'task_999'");
  });
});
