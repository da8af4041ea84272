import { kebabCase } from '../../core/content/discover.ts';
import { count, duration } from '../../core/text.ts';
import { percentOf } from '../../workflows/scenario/coverage.ts';
import type { WorkflowResult } from '../../workflows/scenario/run-suite.ts';

/** Longest line when the path of an execution is printed. */
const WIDTH = 110;

/** The results of the scenarios of one workflow, as lines of text. */
export function reportOf({ name, scenarios, coverage }: WorkflowResult): string[] {
  if (scenarios.length === 0) {
    return [name, `  no scenarios yet: write some in ${kebabCase(name)}.scenario.ts, beside the definition`];
  }
  const lines = scenarios.flatMap(({ title, mistakes, path, durationMs, workflowId }) => [
    `  ${mistakes.length === 0 ? '✓' : '✗'} ${title}  ${duration(durationMs)}${workflowId ? `  ${workflowId}` : ''}`,
    ...mistakes.map((mistake) => `      ${mistake}`),
    ...(mistakes.length > 0 && path.length > 0 ? wrapped('      path: ', path) : []),
  ]);
  return [name, ...lines, ...coverageLines(name, coverage)];
}

/** The last line: how many scenarios passed, and which share of the workflows they reach. */
export function summaryOf(results: readonly WorkflowResult[]): string {
  const scenarios = results.flatMap((result) => result.scenarios);
  const failed = scenarios.filter(({ mistakes }) => mistakes.length > 0).length;
  const without = results.filter((result) => result.scenarios.length === 0).length;
  return [
    `${count(scenarios.length - failed, 'scenario')} passed, ${failed} failed`,
    ...(without > 0 ? [`${count(without, 'workflow')} without scenarios`] : []),
    `coverage ${percentOf(results.map(({ coverage }) => coverage))} %`,
  ].join('; ');
}

function coverageLines(name: string, coverage: WorkflowResult['coverage']): string[] {
  const { points, missed } = coverage;
  const head = `  coverage ${points - missed.length} of ${points} (${percentOf([coverage])} %)`;
  if (missed.length === 0) return [head];
  const width = Math.max(...missed.map(({ ref }) => ref.length));
  const lines = missed.map(({ ref, what }) => `    ${(ref === name ? 'workflow' : ref).padEnd(width)}  ${what}`);
  return [`${head}; no scenario reaches:`, ...lines];
}

function wrapped(head: string, entries: readonly string[]): string[] {
  const lines: string[] = [];
  let line = head;
  for (const [index, entry] of entries.entries()) {
    const text = index === 0 ? entry : ` → ${entry}`;
    if (line.length + text.length > WIDTH && line.trim() !== '') {
      lines.push(line);
      line = ' '.repeat(head.length - 2);
    }
    line += text;
  }
  return [...lines, line];
}
