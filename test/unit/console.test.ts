import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchPath } from '../../console/parts/frame/match-path.ts';
import { ago, count, duration } from '../../console/parts/show/format.ts';
import { staticImports, withServedImports } from '../../console/server/assets/served-imports.ts';
import { failureCauses } from '../../console/server/reading/failure-causes.ts';
import { withoutLarge } from '../../console/server/reading/large-values.ts';
import { rowOf } from '../../console/server/reading/rows.ts';
import { shell } from '../../console/server/shell.ts';
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
    const session = { tools: [], version: evil, caller: { name: evil, role: 'viewer' } };
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
