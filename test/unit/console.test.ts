import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisOf, firstChoice, phasesOf, rowsOf } from '../../console/pages/execution/timeline-model.ts';
import { matchPath } from '../../console/parts/frame/match-path.ts';
import { drawnRange } from '../../console/parts/show/drawn-range.ts';
import { ago, count, duration } from '../../console/parts/show/format.ts';
import { staticImports, withServedImports } from '../../console/server/assets/served-imports.ts';
import { failureCauses } from '../../console/server/reading/failure-causes.ts';
import { withoutLarge } from '../../console/server/reading/large-values.ts';
import { rowOf } from '../../console/server/reading/rows.ts';
import { shell } from '../../console/server/shell.ts';
import type { Attempt } from '../../console/shared/execution-detail.ts';
import type { ExecutionRow } from '../../console/shared/execution-row.ts';
import { patched, patchOf } from '../../console/shared/patches.ts';
import { executionSummarySchema } from '../../core/conductor/types.ts';

describe('patches', () => {
  const row = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), n: fc.integer({ min: 0, max: 3 }) });
  const rows = fc.uniqueArray(row, { selector: ({ id }) => id });
  const value = fc.record({ rows, total: fc.nat(2), other: fc.option(fc.nat(2), { nil: undefined }) });

  test('a patch turns the value before into the value after, whatever changed', () => {
    fc.assert(
      fc.property(value, value, (before, after) => {
        const patch = patchOf(before, after);
        const result = patch ? patched(before, JSON.parse(JSON.stringify(patch))) : before;
        expect(JSON.parse(JSON.stringify(result))).toEqual(JSON.parse(JSON.stringify(after)));
      }),
      { numRuns: 500 },
    );
  });

  test('a new row and a changed row are sent, and no other', () => {
    const before = {
      rows: [
        { id: 'b', n: 1 },
        { id: 'c', n: 1 },
        { id: 'd', n: 1 },
      ],
    };
    const after = {
      rows: [
        { id: 'a', n: 1 },
        { id: 'b', n: 1 },
        { id: 'c', n: 2 },
      ],
    };
    expect(patchOf(before, after)).toEqual({
      set: {},
      unset: [],
      rows: {
        rows: {
          gone: ['d'],
          put: [
            [0, { id: 'a', n: 1 }],
            [2, { id: 'c', n: 2 }],
          ],
        },
      },
    });
  });

  test('rows that did not change are the same objects after a patch', () => {
    const before = { rows: [{ id: 'a' }, { id: 'b', n: 1 }] };
    const patch = patchOf(before, { rows: [{ id: 'a' }, { id: 'b', n: 2 }] });
    expect((patched(before, patch ?? { set: {}, rows: {}, unset: [] }).rows as unknown[])[0]).toBe(before.rows[0]);
  });

  test('nothing changed: there is no patch', () => {
    expect(patchOf({ rows: [{ id: 'a' }], n: 1 }, { n: 1, rows: [{ id: 'a' }] })).toBeUndefined();
  });
});

describe('served modules', () => {
  test('imports of packages and of TypeScript files become served addresses; texts stay', () => {
    const code = [
      "import { h } from 'preact';",
      "import { useState } from 'preact/hooks';",
      "export { a } from '../show/a.ts';",
      "void import('./chart.ts');",
      "const text = 'made in TypeScript: a.ts';",
    ].join('\n');
    expect(withServedImports('parts/frame/app.js', code).split('\n')).toEqual([
      "import { h } from '../../vendor/preact.js';",
      "import { useState } from '../../vendor/hooks.js';",
      "export { a } from '../show/a.js';",
      "void import('./chart.js');",
      "const text = 'made in TypeScript: a.ts';",
    ]);
  });

  test('what loads later is not preloaded', () => {
    const modules = new Map([
      ['main.js', "import './a/b.js';"],
      ['a/b.js', "import x from '../c.js'; import('./later.js');"],
      ['c.js', ''],
      ['a/later.js', ''],
    ]);
    expect(staticImports('main.js', modules)).toEqual(['main.js', 'a/b.js', 'c.js']);
  });

  test('no text in the data of a page can end its block', () => {
    const evil = '</script><script>alert(1)</script><!--';
    const session = { tools: [], topics: [], version: evil, caller: { name: evil, role: 'viewer' } };
    const html = shell({ entry: '/e', style: '/s', icon: '/i', preload: [] }, { session, topics: {} });
    expect(html.match(/<script/g)).toHaveLength(2);
    const block = /id="first">(.*)<\/script>/.exec(html)?.[1] ?? '';
    expect(JSON.parse(block).session.version).toBe(evil);
  });
});

describe('rows', () => {
  const summary = (changes: object) =>
    rowOf(executionSummarySchema.parse({ workflowType: 'Order', workflowId: 'w-1', status: 'FAILED', ...changes }));

  test('a row shows the original reason and the first failed task', () => {
    const reason = `Task 1 failed with status: FAILED and reason: 'The shop answered 503'`;
    expect(summary({ reasonForIncompletion: reason, failedReferenceTaskNames: 'ship,bill' })).toMatchObject({
      reason: 'The shop answered 503',
      ref: 'ship +1',
    });
  });

  test('a running execution has no end, and a completed one no reason', () => {
    expect(summary({ status: 'RUNNING', endTime: '2026-01-01T00:00:00Z' })).not.toHaveProperty('end');
    expect(
      summary({ status: 'COMPLETED', reasonForIncompletion: 'x', failedReferenceTaskNames: 'a' }),
    ).not.toHaveProperty('reason');
  });
});

describe('causes of failures', () => {
  const failed = (id: string, workflow: string, reason: string, changes: Partial<ExecutionRow> = {}): ExecutionRow => ({
    ...{ id, workflow, reason, version: 1, status: 'FAILED', start: 0, end: Number(id), ms: 1 },
    ...changes,
  });

  test('a service that is away is one cause for all workflows that call it', () => {
    const causes = failureCauses([
      failed('1', 'Order', 'POST http://127.0.0.1:8090/shipments: connect ECONNREFUSED 127.0.0.1:8090'),
      failed('3', 'Invoice', 'I/O error on GET request for "http://127.0.0.1:8090/rates": Connection refused'),
      failed('2', 'Order', 'The card was declined.'),
    ]);
    expect(causes).toMatchObject([
      { id: '3', away: '127.0.0.1:8090', count: 2, workflows: ['Invoice', 'Order'] },
      { id: '2', count: 1, workflow: 'Order', reason: 'The card was declined.' },
    ]);
  });

  test('reasons that differ only in ids are one cause; other tasks and other states are not', () => {
    const causes = failureCauses([
      failed('1', 'Order', 'There is no order 4711', { ref: 'load' }),
      failed('2', 'Order', 'There is no order 4712', { ref: 'load' }),
      failed('3', 'Order', 'There is no order 4712', { ref: 'ship' }),
      failed('4', 'Order', '', { status: 'TERMINATED' }),
    ]);
    expect(causes.map(({ id, count: n }) => [id, n])).toEqual([
      ['3', 1],
      ['2', 2],
    ]);
  });
});

describe('the timeline', () => {
  const attempt = (changes: Partial<Attempt>): Attempt => ({
    ...{ id: 'a', ref: 'ship', type: 'ship', status: 'COMPLETED', attempt: 1, isWait: false },
    ...{ scheduled: 1000, start: 0, end: 0, delay: 0 },
    ...changes,
  });

  test.each([
    [
      'a retry: its delay, its queue and its run follow each other',
      { delay: 500, start: 1800, end: 2000 },
      [1000, 1500, 1800, 2000],
    ],
    [
      'taken before its delay is over, by the clock of another machine',
      { delay: 500, start: 1400, end: 2000 },
      [1000, 1400, 1400, 2000],
    ],
    ['in the queue until now', { status: 'SCHEDULED' }, [1000, 1000, 9000, 9000]],
    ['running until now', { status: 'IN_PROGRESS', start: 1200 }, [1000, 1000, 1200, 9000]],
    ['cancelled before it started', { status: 'CANCELED' }, [1000, 1000, 1000, 1000]],
    ['skewed clocks never make a negative duration', { start: 2000, end: 1500 }, [1000, 1000, 2000, 2000]],
  ])('%s', (_, changes, phases) => {
    const { scheduled, due, started, until } = phasesOf(attempt(changes), 9000);
    expect([scheduled, due, started, until]).toEqual(phases);
  });

  test('attempts of one task are one row, and rows have the order of their first attempts', () => {
    const rows = rowsOf([
      attempt({ id: 'b1', ref: 'b', scheduled: 2 }),
      attempt({ id: 'a1', ref: 'a', scheduled: 1 }),
      attempt({ id: 'b2', ref: 'b', scheduled: 3 }),
    ]);
    expect(rows.map(({ ref, attempts, last }) => [ref, attempts.length, last.id])).toEqual([
      ['a', 1, 'a1'],
      ['b', 2, 'b2'],
    ]);
  });

  test.each([1, 90, 60_000, 5_000_000, 900_000_000, 1e13])(
    'an axis of %s ms has at most a few marks, all in sight',
    (ms) => {
      const { ticks, at } = axisOf({ start: 7, end: 7 + ms }, 0);
      expect(ticks.length).toBeGreaterThan(0);
      expect(ticks.length).toBeLessThanOrEqual(8);
      expect(at(7 + ms)).toBeLessThan(100);
      expect([at(0), at(7)]).toEqual([0, 0]);
    },
  );

  test('the page begins with the task of the diagnosis, else with the open one, else with the last', () => {
    const tasks = [
      attempt({ id: '1', ref: 'a' }),
      attempt({ id: '2', ref: 'b', status: 'IN_PROGRESS' }),
      attempt({ id: '3', ref: 'c' }),
    ];
    const diagnosis = { cause: 'none', sentence: '', evidence: [], advice: [], path: [] };
    expect(firstChoice({ tasks, diagnosis: { ...diagnosis, ref: 'a' } })?.id).toBe('1');
    expect(firstChoice({ tasks, diagnosis })?.id).toBe('2');
    expect(firstChoice({ tasks: tasks.filter(({ id }) => id !== '2'), diagnosis })?.id).toBe('3');
    expect(firstChoice({ tasks: [], diagnosis })).toBeUndefined();
  });
});

describe('the rows that are drawn', () => {
  test.each([
    ['of an empty list, which then gets its first row', [0, 0], [0, 20], 1, [0, 1]],
    ['of a short list', [0, 60], [0, 20], 8, [0, 8]],
    ['after a little scrolling: the same', [0, 40], [6, 26], 1000, [0, 40]],
    ['after much scrolling', [0, 40], [500, 520], 1000, [488, 532]],
    ['at the end', [900, 940], [985, 1005], 1000, [973, 1000]],
    ['of a list that became shorter', [900, 940], [900, 920], 30, [30, 30]],
    ['above the list', [0, 40], [-30, -10], 1000, [0, 40]],
  ] as const)('%s', (_, old, sight, rows, expected) => expect(drawnRange(old, sight, rows)).toEqual(expected));

  test('every row in sight is drawn, whatever was drawn before', () => {
    const place = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(place, place, place, place, place, (from, length, top, height, count) => {
        const [drawn, to] = drawnRange([from, from + length], [top, top + height], count);
        expect(drawn).toBeLessThanOrEqual(Math.min(count, top));
        expect(to).toBeGreaterThanOrEqual(Math.min(count, top + height));
        expect(to).toBeLessThanOrEqual(count);
      }),
    );
  });
});

describe('texts of pages', () => {
  test.each([
    [undefined, '–'],
    [-5, '0 ms'],
    [999, '999 ms'],
    [4200, '4.2 s'],
    [59_000, '59 s'],
    [185_000, '3 min 5 s'],
    [7_380_000, '2 h 3 min'],
    [200_000_000, '2 d'],
  ])('the duration %s is shown as %s', (ms, text) => expect(duration(ms)).toBe(text));

  test('ages have one unit, and numbers have their noun', () => {
    expect([ago(0, 59_000), ago(0, 60_000), ago(0, 7_200_000)]).toEqual(['59 s ago', '1 min ago', '2 h ago']);
    expect([count(1, 'execution'), count(1234, 'execution')]).toEqual(['1 execution', '1,234 executions']);
  });

  test('paths match by their parts', () => {
    expect(matchPath('/executions/:id', '/executions/a%20b')).toEqual({ id: 'a b' });
    expect(matchPath('/executions/:id', '/executions')).toBeUndefined();
    expect(matchPath('/executions/:id', '/executions/')).toBeUndefined();
    expect(matchPath('/', '/')).toEqual({});
    expect(matchPath('/a/:id', '/a/%E0%A4%A')).toBeUndefined();
  });

  test('a value that is too large is named and not sent', () => {
    const { large, small } = withoutLarge({ large: 'x'.repeat(2_000_000), small: [1] });
    expect(large).toMatch(/2.0 MB/);
    expect(small).toEqual([1]);
  });
});
