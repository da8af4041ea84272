import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Diagram } from '../../workflows/diagram/diagram.ts';
import { drawDefinition } from '../../workflows/diagram/draw.ts';
import { columnsOf } from '../../workflows/diagram/text-width.ts';
import { toSvg } from '../../workflows/diagram/to-svg.ts';
import { definition, drawn, drawnRun, everyShape, everyShapeRows, step } from '../support/diagrams.ts';

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface DrawnBox extends Rectangle {
  classes: string[];
  title: string;
  lines: string[];
}

const numbers = (text: string) => text.split(/[ ,]/).map(Number);
const unescaped = (text = '') =>
  text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** Reads the boxes from the SVG text, so that the tests check what a person sees. */
function boxesIn(svg: string): DrawnBox[] {
  return [...svg.matchAll(/<g class="(node [^"]*)"><title>([^<]*)<\/title>(.*?)<\/g>/gs)].map(
    ([, classes = '', title, inside = '']) => ({
      classes: classes.split(' '),
      title: unescaped(title),
      lines: [...inside.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => unescaped(text)),
      ...outlineIn(inside),
    }),
  );
}

function outlineIn(inside: string): Rectangle {
  const polygon = /<polygon class="box" points="([^"]*)"/.exec(inside)?.[1];
  if (polygon === undefined) {
    const [, x, y, width, height] =
      /<rect class="box" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"/.exec(inside) ?? [];
    return { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
  }
  const points = numbers(polygon);
  const [xs, ys] = [points.filter((_, index) => index % 2 === 0), points.filter((_, index) => index % 2 === 1)];
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}

function piecesIn(svg: string): [number, number, number, number][] {
  return [...svg.matchAll(/<polyline [^>]*points="([^"]*)"/g)].flatMap(([, points = '']) => {
    const corners = points.split(' ').map((corner) => numbers(corner) as [number, number]);
    return corners.slice(1).map(([x, y], index): [number, number, number, number] => {
      const [fromX, fromY] = corners[index] ?? [x, y];
      return [Math.min(fromX, x), Math.min(fromY, y), Math.max(fromX, x), Math.max(fromY, y)];
    });
  });
}

/**
 * Width of a character in the widest font that the picture names, at 12 px. In units of the font size, Courier has 0.6, Menlo and
 * DejaVu Sans Mono have 0.602.
 */
const CHARACTER = 0.602 * 12;

/** Returns the mistakes in the drawing itself. The list must be empty for every diagram. */
function mistakesIn(diagram: Diagram): string[] {
  const svg = toSvg(diagram);
  const [boxes, pieces] = [boxesIn(svg), piecesIn(svg)];
  const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
  const margin = 16;
  const opened = svg.match(/<[a-z]/g)?.length;
  const closed = svg.match(/<\/[a-z]|\/>/g)?.length;
  return [
    ...(opened === closed ? [] : [`${opened} elements are opened, but ${closed} are closed`]),
    ...boxes.flatMap((box, index) => [
      ...(box.x < 0 || box.x + box.width + 2 * margin > width
        ? [`${box.title} is outside the page, left or right`]
        : []),
      ...(box.y < 0 || box.y + box.height + 2 * margin > height
        ? [`${box.title} is outside the page, above or below`]
        : []),
      ...(box.lines.some((line) => columnsOf(line) * CHARACTER > box.width - 8) ? [`${box.title} is too narrow`] : []),
      ...(box.lines.length * 16 > box.height ? [`${box.title} is too low`] : []),
      ...boxes
        .slice(index + 1)
        .filter((other) => overlap(cornersOf(box), cornersOf(other)))
        .map((other) => `${box.title} overlaps ${other.title}`),
      ...pieces.filter((piece) => overlap(cornersOf(box), piece)).map(() => `a line goes through ${box.title}`),
    ]),
  ];
}

type Corners = readonly [left: number, top: number, right: number, bottom: number];

function cornersOf({ x, y, width, height }: Rectangle): Corners {
  return [x, y, x + width, y + height];
}

function overlap(one: Corners, other: Corners): boolean {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

describe('a small definition', () => {
  const svg = toSvg(drawn(step('first'), step('call', 'HTTP', { name: 'external_api' })));

  test('a small definition is drawn as centred boxes, one below the other, with arrows between them', () => {
    expect(boxesIn(svg)).toEqual([
      {
        classes: ['node', 'terminal', 'none'],
        title: 'Probe v1',
        lines: ['Probe v1'],
        x: 27,
        y: 0,
        width: 99,
        height: 32,
      },
      {
        classes: ['node', 'task', 'none'],
        title: 'first\nSIMPLE',
        lines: ['first', 'SIMPLE'],
        x: 40.5,
        y: 54,
        width: 72,
        height: 48,
      },
      {
        classes: ['node', 'task', 'none'],
        title: 'call\nHTTP external_api',
        lines: ['call', 'HTTP external_api'],
        x: 0,
        y: 124,
        width: 153,
        height: 48,
      },
      { classes: ['node', 'terminal', 'none'], title: 'end', lines: ['end'], x: 45.5, y: 194, width: 62, height: 32 },
    ]);
    expect(piecesIn(svg).sort((a, b) => a[1] - b[1])).toEqual([
      [76.5, 32, 76.5, 54],
      [76.5, 102, 76.5, 124],
      [76.5, 172, 76.5, 194],
    ]);
    expect(svg.match(/class="tip"/g)).toHaveLength(3);
  });

  test('the picture loads no other file, and has colours for dark pages', () => {
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+" role="img"/,
    );
    expect(svg).toContain('@media (prefers-color-scheme:dark)');
    expect(svg).not.toMatch(/<script|href=|url\(|@import|on\w+=/);
  });
});

test('the picture of an execution shows status, duration, attempts and chosen cases as words and classes', () => {
  const boxes = boxesIn(toSvg(drawnRun(everyShape, everyShapeRows)));
  const named = (name: string) => boxes.filter(({ lines }) => lines[0] === name);
  expect(named('left')).toMatchObject([
    { classes: ['node', 'task', 'done'], lines: ['left', 'SIMPLE', 'COMPLETED · 390 ms · 2 attempts'] },
  ]);
  expect(named('refuse')).toMatchObject([
    { classes: ['node', 'terminal', 'none', 'dim'], lines: ['refuse', 'TERMINATE', 'FAILED', 'not run'] },
  ]);
  expect(boxes.filter(({ classes }) => classes.includes('label')).map(({ lines }) => lines[0])).toEqual([
    'big (taken)',
    'small (not taken)',
    'otherwise (not taken)',
    'round 1',
    'round 2',
  ]);
  expect(named('inner')).toHaveLength(2);
});

test('text is escaped; if the box is too narrow for it, the title contains the whole text', () => {
  const uri = `https://x/?a=1&b="<script>alert(1)</script>"${'z'.repeat(60)}`;
  const svg = toSvg(drawn(step('call', 'HTTP', { inputParameters: { http_request: { method: 'GET', uri } } })));
  expect(svg).not.toContain('<script>');
  const [, call] = boxesIn(svg);
  expect(call?.title).toBe(`call\nHTTP\nGET ${uri}`);
  expect(call?.lines[2]).toMatch(/^GET https:.*…$/);
});

describe('no boxes or lines overlap', () => {
  test('no boxes or lines overlap in a picture with every kind of task', () => {
    expect(mistakesIn(drawDefinition(everyShape))).toEqual([]);
    expect(mistakesIn(drawnRun(everyShape, everyShapeRows))).toEqual([]);
  });

  test('no boxes or lines overlap in any nesting of choices, forks and loops, with names of any width', {
    timeout: 30_000,
  }, () => {
    const names = fc.oneof(fc.string({ maxLength: 50 }), fc.constantFrom('x', '名前'.repeat(15), 'W'.repeat(60)));
    const { task } = fc.letrec<{ task: Record<string, unknown> }>((tie) => {
      const inner = fc.array(tie('task') as fc.Arbitrary<Record<string, unknown>>, { maxLength: 3 });
      return {
        task: fc.oneof(
          { depthSize: 'small', withCrossShrink: true },
          fc
            .tuple(names, fc.constantFrom('SIMPLE', 'TERMINATE', 'SUB_WORKFLOW', 'WAIT'))
            .map(([name, type]) => step(name, type)),
          fc
            .tuple(names, inner, inner)
            .map(([name, a, b]) => step(name, 'SWITCH', { decisionCases: { [name]: a }, defaultCase: b })),
          fc
            .tuple(names, fc.array(inner, { maxLength: 4 }))
            .map(([name, forkTasks]) => step(name, 'FORK_JOIN', { forkTasks })),
          fc.tuple(names, inner).map(([name, loopOver]) => step(name, 'DO_WHILE', { loopOver })),
        ),
      };
    });
    fc.assert(
      fc.property(fc.array(task, { maxLength: 4 }), (tasks) => {
        expect(mistakesIn(drawDefinition(definition(...tasks)))).toEqual([]);
        expect(mistakesIn(drawnRun(definition(...tasks), []))).toEqual([]);
      }),
      { seed: 20261121, numRuns: 60 },
    );
  });
});
