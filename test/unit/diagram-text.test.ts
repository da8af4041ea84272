import { describe, expect, test } from 'vitest';
import { drawDefinition } from '../../workflows/diagram/draw.ts';
import { columnsOf } from '../../workflows/diagram/text-width.ts';
import { toText } from '../../workflows/diagram/to-text.ts';
import { definition, drawn, drawnRun, everyShape, everyShapeRows, step } from '../support/diagrams.ts';

const picture = (text: string) => text.replace(/^\n/, '').trimEnd();

describe('a definition in the terminal', () => {
  test('a definition is a tree from top to bottom, with the type and detail of each task', () => {
    expect(toText(drawDefinition({ ...everyShape, failureWorkflow: 'Mend' }))).toBe(
      picture(`
Probe v1
on failure: Mend
├─ begin         SET_VARIABLE  total
├─ ◇ which       SWITCH        \${workflow.input.kind}
│  ├─ → big
│  │  └─ audit   HUMAN
│  ├─ → small
│  └─ → otherwise
│     └─ refuse  TERMINATE     FAILED
├─ ⇉ both        FORK_JOIN
│  ├─ → branch 1
│  │  └─ left    SIMPLE
│  └─ → branch 2
│     └─ right   SIMPLE
├─ ⇇ joined      JOIN          waits for left, right
└─ ↻ again       DO_WHILE      while $.again.iteration < 2
   └─ inner      SIMPLE
`),
    );
  });

  test('on request, the tree has only ASCII characters', () => {
    const text = toText(drawDefinition(everyShape), { ascii: true });
    expect(text).toMatch(/^[\x20-\x7e\n]+$/);
    expect(text.split('\n').slice(1, 4)).toEqual([
      '|- begin         SET_VARIABLE  total',
      '|- ? which       SWITCH        ${workflow.input.kind}',
      '|  |- -> big',
    ]);
  });

  test('a fork without a JOIN is shown with a warning', () => {
    const text = toText(drawn(step('alone', 'FORK_JOIN', { forkTasks: [[step('left')]] }), step('next')));
    expect(text).toBe(
      picture(`
Probe v1
├─ ⇉ alone     FORK_JOIN  no JOIN follows, so the execution fails
│  └─ → branch 1
│     └─ left  SIMPLE
└─ next        SIMPLE
`),
    );
  });
});

describe('an execution in the terminal', () => {
  const run = drawnRun(everyShape, everyShapeRows);

  test('an execution shows statuses, durations, attempts, rounds and the chosen cases', () => {
    expect(toText(run)).toBe(
      picture(`
Probe v1 · COMPLETED · 2.0 s
id-1
├─ begin         SET_VARIABLE  ✔ COMPLETED · 10 ms                total
├─ ◇ which       SWITCH        ✔ COMPLETED · 10 ms                \${workflow.input.kind}
│  ├─ → big (taken)
│  │  └─ audit   HUMAN         ✔ COMPLETED · 1.5 s
│  ├─ → small (not taken)
│  └─ → otherwise (not taken)
│     └─ refuse  TERMINATE     · not run                          FAILED
├─ ⇉ both        FORK_JOIN     ✔ COMPLETED · 0 ms
│  ├─ → branch 1
│  │  └─ left    SIMPLE        ✔ COMPLETED · 390 ms · 2 attempts
│  └─ → branch 2
│     └─ right   SIMPLE        ✔ COMPLETED · 40 ms
├─ ⇇ joined      JOIN          ✔ COMPLETED · 400 ms               waits for left, right
└─ ↻ again       DO_WHILE      ✔ COMPLETED · 80 ms                2 rounds, while $.again.iteration < 2
   ├─ → round 1
   │  └─ inner   SIMPLE        ✔ COMPLETED · 30 ms
   └─ → round 2
      └─ inner   SIMPLE        ✔ COMPLETED · 40 ms
`),
    );
  });

  test.each([
    ['done', 'COMPLETED', '✔ COMPLETED · 10 ms', '+ COMPLETED - 10 ms'],
    ['warned', 'COMPLETED_WITH_ERRORS', '! COMPLETED_WITH_ERRORS · 10 ms', '! COMPLETED_WITH_ERRORS - 10 ms'],
    [
      'failed',
      'FAILED_WITH_TERMINAL_ERROR',
      '✘ FAILED_WITH_TERMINAL_ERROR · 10 ms',
      'x FAILED_WITH_TERMINAL_ERROR - 10 ms',
    ],
    ['failed', 'TIMED_OUT', '✘ TIMED_OUT · 10 ms', 'x TIMED_OUT - 10 ms'],
    ['active', 'IN_PROGRESS', '▶ IN_PROGRESS · 5.0 s', '> IN_PROGRESS - 5.0 s'],
    ['waiting', 'SCHEDULED', '◌ SCHEDULED · 5.0 s', 'o SCHEDULED - 5.0 s'],
    ['stopped', 'CANCELED', '■ CANCELED · 10 ms', '# CANCELED - 10 ms'],
  ])('the status %s is shown as a word, with and without colours: %s', (_, status, mark, ascii) => {
    const diagram = drawnRun(definition(step('only')), [{ ref: 'only', status }]);
    expect(toText(diagram)).toContain(`└─ only  SIMPLE  ${mark}`);
    expect(toText(diagram, { ascii: true })).toContain(`\`- only  SIMPLE  ${ascii}`);
    expect(toText(diagram, { colours: true })).toContain(mark);
  });

  test('colours do not change any visible character', () => {
    const coloured = toText(run, { colours: true });
    expect(coloured).toContain('├─ \u001b[32mbegin');
    expect(coloured).toContain('└─ \u001b[2mrefuse');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test removes colours, which are control characters
    expect(coloured.replace(/\u001b\[\d+m/g, '')).toBe(toText(run));
  });

  test('a failed execution shows the reason of its failure', () => {
    const failed = drawnRun(definition(step('only')), [{ ref: 'only', status: 'FAILED' }], {
      status: 'FAILED',
      reasonForIncompletion: 'no such file',
    });
    expect(toText(failed)).toContain('reason: only: no such file');
  });
});

describe('the width of the terminal', () => {
  const run = drawnRun(everyShape, everyShapeRows);
  const wide = drawn(
    step('名前'.repeat(30), 'HTTP', { inputParameters: { http_request: { uri: 'https://x/'.repeat(30) } } }),
  );

  test.each([24, 40, 60, 80, 120, 200])('no line is wider than %d columns', (width) => {
    for (const diagram of [run, wide]) {
      for (const ascii of [false, true]) {
        const lines = toText(diagram, { width, ascii }).split('\n');
        expect(Math.max(...lines.map(columnsOf))).toBeLessThanOrEqual(width);
      }
    }
  });

  test('in a narrow terminal, other text is cut before the result of a task', () => {
    const lines = toText(run, { width: 60 }).split('\n');
    expect(lines.find((line) => line.includes('left '))).toBe(
      '│  │  └─ left    SIMPLE    ✔ COMPLETED · 390 ms · 2 attempts',
    );
  });

  test('a wide character counts as two columns, so that columns stay aligned', () => {
    const lines = toText(drawn(step('名前'), step('name')))
      .split('\n')
      .slice(1);
    expect(lines).toEqual(['├─ 名前  SIMPLE', '└─ name  SIMPLE']);
  });
});

test('control characters in a name do not reach the terminal', () => {
  const text = toText(drawn(step('\u001b[2J\u0007gone\nnext\u202e')));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  expect(text.split('\n')).toHaveLength(2);
});
