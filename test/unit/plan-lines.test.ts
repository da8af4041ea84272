import { expect, test } from 'vitest';
import { planLines } from '../../cli/printing/plan-lines.ts';
import type { Change } from '../../workflows/manage/change.ts';
import type { Plan } from '../../workflows/manage/plan.ts';

function change(name: string, more: Partial<Change>): Change {
  return {
    kind: 'task',
    name,
    action: 'update',
    was: 'x',
    differences: [],
    reasons: [],
    touches: [],
    idle: [],
    ...more,
  };
}

function planOf(changes: Change[]): Plan {
  return { format: 1, serverUrl: 'http://conductor/api', fleet: 'f', madeAt: '', changes, unmanaged: [] };
}

test('long values that begin alike are shown from their first difference on', () => {
  const query = (end: string) => `${'.a | '.repeat(100)}${end}`;
  const differences = [{ path: 'query', before: query('.old'), after: query('.new') }];
  const [, line = ''] = planLines(planOf([change('t', { differences })]));
  expect(line).toMatch(/^ {4}query: ….*\.old" → ….*\.new"$/);
  expect(line.length).toBeLessThan(120);
});

test('short values are shown in full', () => {
  const differences = [{ path: 'retryCount', before: 3, after: 5 }];
  expect(planLines(planOf([change('t', { differences })]))[1]).toBe('    retryCount: 3 → 5');
});

test('of ten definitions that are no longer in code, the plan lists three and counts the rest; with --all it lists all', () => {
  const left = Array.from({ length: 10 }, (_, index) => change(`t${index}`, { action: 'left' }));
  const some = planLines(planOf(left));
  expect(some.filter((line) => line.startsWith('? task'))).toHaveLength(3);
  expect(some).toContain('? 7 more definitions no longer in code. To list all, add --all.');
  const every = planLines(planOf(left), { all: true });
  expect(every.filter((line) => line.startsWith('? task'))).toHaveLength(10);
});

const STRANGERS = /None of the 2 definitions that the fleet "f" has on this server is in this code/;

test.each(['left', 'delete'] as const)(
  'N7: a plan that shares nothing with the fleet on the server says so (%s)',
  (action) => {
    const lines = planLines(
      planOf([change('new', { action: 'create' }), change('a', { action }), change('b', { action })]),
    );
    expect(lines.join('\n')).toMatch(STRANGERS);
    expect(lines.join('\n')).toContain('`name` in package.json, or --fleet-name');
  },
);

test('N7: a plan whose fleet is on the server already does not say that it shares nothing with it, nor does a plan without leftovers', () => {
  const leftovers = [change('a', { action: 'left' }), change('b', { action: 'left' })];
  const known = planLines(planOf([change('known', { action: 'unchanged' }), ...leftovers]));
  const fresh = planLines(planOf([change('new', { action: 'create' })]));
  expect([...known, ...fresh].join('\n')).not.toMatch(/None of the/);
});

test.each(['left', 'delete', 'in-use'] as const)(
  'N7: a plan asks whose the other definitions of the fleet are, because two projects can share a name and one workflow (%s)',
  (action) => {
    const lines = planLines(planOf([change('known', { action: 'update' }), change('a', { action })]));
    expect(lines.at(-2)).toMatch(/^The fleet "f" registered 1 definition that this code does not have\. Does it/);
    expect(lines.at(-1)).toContain('`name` in package.json, or --fleet-name');
  },
);
