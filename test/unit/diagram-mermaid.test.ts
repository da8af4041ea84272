import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawDefinition } from '../../workflows/diagram/draw.ts';
import { clean } from '../../workflows/diagram/text-width.ts';
import { mermaidLabel, toMermaid } from '../../workflows/diagram/to-mermaid.ts';
import { definition, drawn, drawnRun, everyShape, everyShapeRows, step } from '../support/diagrams.ts';

test('a definition becomes a flowchart with labelled lines for choices and a frame with a line back for each loop', () => {
  expect(toMermaid(drawDefinition(everyShape)).split('\n')).toEqual([
    'flowchart TD',
    '  n0(["Probe v1"])',
    '  n1["begin<br/>SET_VARIABLE<br/>total"]',
    '  n0 --> n1',
    '  n2{{"which<br/>SWITCH<br/>#36;#123;workflow.input.kind#125;"}}',
    '  n1 --> n2',
    '  n3[/"audit<br/>HUMAN"/]',
    '  n2 -->|"big"| n3',
    '  n4(["refuse<br/>TERMINATE<br/>FAILED"])',
    '  n2 -->|"otherwise"| n4',
    '  n5["both<br/>FORK_JOIN"]',
    '  n3 --> n5',
    '  n2 -->|"small"| n5',
    '  n6["left<br/>SIMPLE"]',
    '  n5 --> n6',
    '  n7["right<br/>SIMPLE"]',
    '  n5 --> n7',
    '  n8["joined<br/>JOIN<br/>waits for left, right"]',
    '  n6 --> n8',
    '  n7 --> n8',
    '  n9{{"again<br/>DO_WHILE<br/>while #36;#46;again.iteration #60; 2"}}',
    '  n8 --> n9',
    '  subgraph n10["again rounds"]',
    '  n11["inner<br/>SIMPLE"]',
    '  n9 -->|"each round"| n11',
    '  end',
    '  n11 -.->|"again"| n9',
    '  n12(["end"])',
    '  n11 --> n12',
  ]);
});

test('an execution has a class for each status, dotted lines for paths not taken, and its rounds one after the other', () => {
  const lines = toMermaid(drawnRun(everyShape, everyShapeRows))
    .split('\n')
    .map((line) => line.trim());
  expect(lines).toEqual(
    expect.arrayContaining([
      'n0(["Probe v1 · COMPLETED · 2.0 s<br/>id-1"])',
      'n2 -->|"big (taken)"| n3',
      'n4(["refuse<br/>TERMINATE<br/>FAILED<br/>not run"]):::notrun',
      'n2 -.->|"otherwise (not taken)"| n4',
      'n2 -.->|"small (not taken)"| n5',
      'n6["left<br/>SIMPLE<br/>COMPLETED · 390 ms · 2 attempts"]:::done',
      'n9 -->|"round 1"| n11',
      'n11 -->|"round 2"| n12',
      'n13(["COMPLETED"]):::done',
    ]),
  );
  expect(lines.filter((line) => line.startsWith('classDef')).map((line) => line.split(' ')[1])).toEqual([
    'done',
    'notrun',
  ]);
});

describe('labels', () => {
  test.each([
    ['end', 'end'],
    ['a_b-c.d', 'a_b-c.d'],
    ['_private_', '#95;private#95;'],
    ['1. one', '1#46; one'],
    ['1) one', '1#41; one'],
    ['say "hi"', 'say #34;hi#34;'],
    ['a[0]', 'a#91;0#93;'],
    ['#35;', '#35;35#59;'],
    ['<b>x</b>', '#60;b#62;x#60;/b#62;'],
    ['https://x.io', 'https#58;//x.io'],
    ['www.x.io', 'www#46;x.io'],
    ['%%{init}%%', '#37;#37;#123;init#125;#37;#37;'],
    ['style: x#1;', 'style#58; x#35;1#59;'],
    ['$$x$$', '#36;#8203;#36;x#36;#8203;#36;'],
    ['fa:fa-car', 'fa#58;#8203;fa-car'],
    ['- item', '#45; item'],
    ['`md`', '#96;md#96;'],
    ['a & b', 'a #38; b'],
    ['名前 é 😀', '名前 é 😀'],
    ['', ' '],
  ])('the label of %j is %j', (text, label) => {
    expect(mermaidLabel(text)).toBe(label);
  });

  /** Matches characters that Mermaid, Markdown or a browser could read as syntax. Entities are allowed. */
  const MEANS_SOMETHING = /["[\]{}<>|`*~\\%$&:;=+!^@#]|^[-_.\s]|[-_.\s]$|\d[.)]\s|www\.|ﬂ/;

  test('the label of any text contains no syntax, and the text can be read back from it', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({
        unit: fc.constantFrom(...'a1 _-.:/#;$%&"\'`*[](){}<>|~=+!?\\@^w\n'.split(''), 'end', 'ﬂ°', 'fa:fa-', 'www.'),
      }),
    );
    fc.assert(
      fc.property(texts.map(clean), (text) => {
        const label = mermaidLabel(text);
        expect(label.replace(/#\d+;/g, 'X').trim()).not.toMatch(MEANS_SOMETHING);
        const read = label
          .replace(/#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
          .replaceAll('\u200b', '');
        expect(read.trim()).toBe(text.replace(/ +/g, ' ').trim());
      }),
      { seed: 20261121, numRuns: 2000 },
    );
  });
});

/** The only lines that our flowcharts may contain. Labels contain no syntax, so Mermaid reads only these lines. */
const LINE = [
  /^flowchart TD$/,
  /^n\d+(\(\[|\[\[|\[\/|\{\{|\[)"[^"]*"(\]\)|\]\]|\/\]|\}\}|\])(:::[a-z]+)?$/,
  /^n\d+ (-->|-\.->)(\|"[^"]*"\|)? n\d+$/,
  /^subgraph n\d+\["[^"]*"\]$/,
  /^end$/,
  /^classDef [a-z]+ [a-z]+:[\w#:,\- ]+$/,
];

test('for any definition, every line fits the grammar, every node is defined once and every frame is closed', () => {
  const names = fc.constantFrom('end', 'a"b', '[x]', '#1;', 'subgraph', '-->', 'line\nbreak', '%%', '');
  const { task } = fc.letrec<{ task: Record<string, unknown> }>((tie) => {
    const inner = fc.array(tie('task') as fc.Arbitrary<Record<string, unknown>>, { maxLength: 3 });
    return {
      task: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        names.map((name) => step(name, 'HTTP')),
        names.map((name) => step(name, 'TERMINATE')),
        fc
          .tuple(names, inner, inner)
          .map(([name, a, b]) => step(name, 'SWITCH', { decisionCases: { [name]: a }, defaultCase: b })),
        fc
          .tuple(names, fc.array(inner, { maxLength: 3 }))
          .map(([name, forkTasks]) => step(name, 'FORK_JOIN', { forkTasks })),
        fc.tuple(names, inner).map(([name, loopOver]) => step(name, 'DO_WHILE', { loopOver })),
      ),
    };
  });
  fc.assert(
    fc.property(fc.array(task, { maxLength: 4 }), (tasks) => {
      const lines = toMermaid(drawDefinition(definition(...tasks)))
        .split('\n')
        .map((line) => line.trim());
      expect(lines.filter((line) => !LINE.some((known) => known.test(line)))).toEqual([]);
      const named = lines.flatMap((line) => /^(?:subgraph )?(n\d+)[[({]/.exec(line)?.[1] ?? []);
      expect(new Set(named).size).toBe(named.length);
      const joined = lines.flatMap((line) => /^(n\d+) -.* (n\d+)$/.exec(line)?.slice(1) ?? []);
      expect(joined.filter((id) => !named.includes(id))).toEqual([]);
      const depth = lines.map((line) => (line.startsWith('subgraph') ? 1 : line === 'end' ? -1 : 0));
      expect(depth.reduce<number>((sum, change) => sum + change, 0)).toBe(0);
    }),
    { seed: 20261121, numRuns: 300 },
  );
});

test('if all branches of a fork end the execution, no arrow leads to a later task', () => {
  const fork = step('f', 'FORK_JOIN', { forkTasks: [[step('a', 'TERMINATE')], [step('b', 'TERMINATE')]] });
  const lines = toMermaid(drawn(fork, step('j', 'JOIN'), step('after'))).split('\n');
  expect(lines.filter((line) => line.includes('-->'))).toEqual(['  n0 --> n1', '  n1 --> n2', '  n1 --> n3']);
});

test('no arrow starts at a task that ends the execution', () => {
  const lines = toMermaid(drawn(step('stop', 'TERMINATE'), step('never'))).split('\n');
  expect(lines.filter((line) => line.includes('-->'))).toEqual(['  n0 --> n1']);
});
