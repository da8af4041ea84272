/**
 * Measures how long lint takes for many definitions. The lower bound is the time to parse their JSON and visit every task. The
 * bench does not measure file reads or requests to a server.
 */
import type { WorkflowTask } from '../../core/conductor/types.ts';
import { lintWorkflow } from '../../workflows/lint/lint.ts';
import { walk } from '../../workflows/model/walk.ts';
import { choose, counted, fork, get, http, inline, join, loop, noop, simple } from '../support/lint-traps/trap.ts';

const DEFINITIONS = 1000;
const ROUNDS = 5;

/** A definition of twenty tasks with expressions, scripts and nesting. No two definitions have the same scripts. */
function definition(number: number): string {
  const tasks = [
    simple('a', { x: '${workflow.input.x}' }),
    http('b', { ...get, body: { x: '${a.output.x}' } }),
    inline('c', `$.x + ${number}`, { x: '${b.output.response.statusCode}' }),
    choose('d', '${c.output.result}', {
      1: [simple('e', { x: '${c.output.result}' }), noop('f')],
      2: [noop('g'), noop('h')],
    }),
    fork('i', [
      [simple('k'), simple('l', { x: '${k.output.x}' })],
      [simple('m'), inline('n', `$.y * ${number}`, { y: '${m.output.y}' })],
    ]),
    join('o', ['l', 'n']),
    loop('p', counted('p'), [simple('q', { x: '${n.output.result}' }), simple('r', { x: '${q.output.x}' })]),
    simple('s', { all: ['${r.output.x}', '${workflow.workflowId}'] }),
    noop('t'),
    noop('u'),
  ];
  return JSON.stringify({
    name: `bench_${number}`,
    version: 1,
    schemaVersion: 2,
    tasks,
    outputParameters: { x: '${s.output.x}' },
  });
}

const texts = Array.from({ length: DEFINITIONS }, (_, number) => definition(number));

function measured(work: (def: { tasks: WorkflowTask[] }) => unknown): number {
  const startedAt = performance.now();
  for (const text of texts) work(JSON.parse(text) as { tasks: WorkflowTask[] });
  return performance.now() - startedAt;
}

for (let round = 1; round <= ROUNDS; round++) {
  const floorMs = measured(({ tasks }) => [...walk(tasks)]);
  let findings = 0;
  const lintMs = measured((def) => {
    findings += lintWorkflow(def).length;
  });
  process.stdout.write(
    `${JSON.stringify({ round, definitions: DEFINITIONS, tasksEach: 20, floorMs: Math.round(floorMs), lintMs: Math.round(lintMs), findings })}\n`,
  );
}
