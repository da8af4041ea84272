import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadWorkers, loadWorkflows } from '../../cli/load-content.ts';
import {
  applyFixes,
  type KnownDefinitions,
  lintTaskDef,
  lintWorkflow,
  rules,
  taskDefRules,
  workflowRules,
} from '../../workflows/lint/lint.ts';
import { toTaskDef } from '../../workflows/manage/task-def.ts';
import { rightDefinitions } from '../support/lint-generated.ts';
import { mutated, mutations } from '../support/lint-mutations.ts';
import { type Trap, traps } from '../support/lint-traps/index.ts';
import {
  choose,
  def,
  get,
  http,
  inline,
  type Json,
  loop,
  noop,
  schema,
  simple,
  task,
} from '../support/lint-traps/trap.ts';

const ids = (found: { rule: string }[]) => found.map(({ rule }) => rule);

function knownOf({ known }: Trap): KnownDefinitions {
  if (!known) return {};
  return {
    taskDefs: new Map(Object.entries(known.taskDefs ?? {})),
    workflows: new Map(Object.entries(known.workflows ?? {})),
    complete: true,
  };
}

describe('lint finds the mistake and accepts the corrected definition', () => {
  test.each(traps.map((trap) => [trap.name, trap] as const))('%s', (_, trap) => {
    const known = knownOf(trap);
    expect(ids(lintWorkflow(trap.bad, known))).toContain(trap.rule);
    expect(lintWorkflow(trap.right, known)).toEqual([]);
  });

  test('every rule has an example of its mistake', () => {
    const shown = new Set(traps.map(({ rule }) => rule));
    expect(workflowRules.map(({ id }) => id).filter((id) => !shown.has(id))).toEqual([]);
  });
});

const right = {
  name: 'lint_task',
  retryCount: 3,
  timeoutSeconds: 60,
  responseTimeoutSeconds: 30,
  timeoutPolicy: 'RETRY',
};

describe('lintTaskDef', () => {
  test.each([
    ['task-def-type', { ...right, timeoutPolicy: { type: 'RETRY' } }],
    ['task-def-type', { ...right, retryLogic: 'EXPONENTIAL' }],
    ['task-def-unknown-field', { ...right, maxRetries: 3 }],
    ['task-def-name', { ...right, name: '' }],
    ['task-def-name', { ...right, name: 'domain:task' }],
    ['task-def-too-small', { ...right, responseTimeoutSeconds: 0 }],
    ['task-def-too-small', { ...right, retryCount: -1 }],
    ['task-def-timeouts', { ...right, responseTimeoutSeconds: 61 }],
    ['task-def-timeouts', { name: 'lint_task', timeoutSeconds: 10 }],
    ['task-def-timeouts', { ...right, totalTimeoutSeconds: 30 }],
    ['task-def-unbounded-retry', { ...right, retryCount: 1000 }],
    ['task-def-ignored-field', { ...right, rateLimitPerFrequency: 2 }],
    ['task-def-ignored-field', { ...right, inputSchema: { name: 's', type: 'JSON' }, enforceSchema: true }],
  ])('lintTaskDef reports %s for %j', (rule, bad) => {
    expect(ids(lintTaskDef(bad))).toContain(rule);
  });

  test('lintTaskDef reports nothing for a correct task definition', () => {
    expect(lintTaskDef(right)).toEqual([]);
  });
});

describe('the shipped definitions', () => {
  test('lint reports neither errors nor warnings for the shipped definitions', async () => {
    const [workers, workflows] = [await loadWorkers(), await loadWorkflows()];
    const all = workflows.flatMap((workflow) => [workflow, ...(workflow.companions ?? [])]);
    const taskDefs = new Map(
      [...workers, ...all.flatMap(({ tasks }) => tasks)].map((task) => [task.name, toTaskDef(task)]),
    );
    const known = { taskDefs, workflows: new Map(all.map(({ name, def }) => [name, [def]])), complete: true };
    expect(all.flatMap(({ def }) => lintWorkflow(def, known))).toEqual([]);
    expect([...taskDefs.values()].flatMap((def) => lintTaskDef(def))).toEqual([]);
  });
});

describe('any JSON', () => {
  test('for any JSON, lint returns findings and never throws', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        for (const def of [value, { name: 'x', tasks: value }, { name: 'x', tasks: [value] }]) lintWorkflow(def);
        lintTaskDef(value);
      }),
      { seed: 20261121 },
    );
    expect(ids(lintWorkflow(null))).toEqual(['wrong-type']);
  });

  test('lint also checks an inline sub-workflow, and the finding says where it is', () => {
    const inner = { name: 'inner', tasks: [{ name: 'p', taskReferenceName: 'p', type: 'PARALLEL' }] };
    const outer = {
      name: 's',
      taskReferenceName: 's',
      type: 'SUB_WORKFLOW',
      subWorkflowParam: { workflowDefinition: inner },
    };
    const pointer = '/tasks/0/subWorkflowParam/workflowDefinition/tasks/0/type';
    expect(lintWorkflow({ name: 'outer', tasks: [outer] })).toEqual([
      expect.objectContaining({ rule: 'unknown-type', pointer }),
    ]);
  });
});

describe('fixes', () => {
  const fixable = traps.filter((trap) =>
    lintWorkflow(trap.bad, knownOf(trap)).some(({ rule, fix }) => fix && rule === trap.rule),
  );

  test.each(fixable.map((trap) => [trap.name, trap] as const))(
    'applyFixes repairs %s and does not change the given definition',
    (_, trap) => {
      const before = JSON.stringify(trap.bad);
      const { def, fixed } = applyFixes(trap.bad, lintWorkflow(trap.bad, knownOf(trap)));
      expect(ids(fixed)).toContain(trap.rule);
      expect(ids(lintWorkflow(def, knownOf(trap)))).not.toContain(trap.rule);
      expect(JSON.stringify(trap.bad)).toBe(before);
    },
  );

  /** The rules that report something only after the suggested fixes were made. */
  const broughtIn = (bad: unknown, known?: KnownDefinitions): string[] => {
    const found = lintWorkflow(bad, known);
    // A type in the wrong case hides what else is wrong with the task, so its fix may uncover an older mistake.
    const { def } = applyFixes(
      bad,
      found.filter(({ rule }) => rule !== 'unknown-type'),
    );
    return ids(lintWorkflow(def, known)).filter((rule) => !ids(found).includes(rule));
  };

  test.each(fixable.map((trap) => [trap.name, trap] as const))(
    'D7: the fixes of %s bring in no other mistake',
    (_, trap) => {
      expect(broughtIn(trap.bad, knownOf(trap))).toEqual([]);
    },
  );

  test('D7: the fixes of random mistakes bring in no other mistake', () => {
    const arbitrary = fc.tuple(rightDefinitions('fix'), mutations).map(([def, made]) => mutated(def, made));
    const defs = fc.sample(arbitrary, { seed: 20261130, numRuns: 150 });
    expect(defs.some((def) => lintWorkflow(def).some(({ fix }) => fix))).toBe(true);
    expect(defs.flatMap((def) => broughtIn(def))).toEqual([]);
  });

  test('D7: a loop whose items are among its inputs is never told to write only "true"', () => {
    const items = { items: '${workflow.input.xs}' };
    const wrong = def([loop('l', '', [noop('a')], { inputParameters: items })]);
    const found = lintWorkflow(wrong);
    expect(found).toEqual([
      expect.objectContaining({ rule: 'misplaced-items', repair: expect.stringContaining('next to loopCondition') }),
    ]);
    expect(applyFixes(wrong, found).def).toEqual(
      def([{ ...loop('l', 'true', [noop('a')], { inputParameters: {} }), ...items }]),
    );
    expect(lintWorkflow(def([loop('l', undefined, [noop('a')])]))[0]?.repair).not.toContain('"true"');
  });
});

describe('what public definitions contain and lint must accept', () => {
  test.each<[string, Json]>([
    [
      'a function before an expression in parentheses',
      inline('i', 'function f(x) { return x; } ({ a: f($.n) })', { n: 1 }),
    ],
    ['two functions', inline('i', 'function f() { return 1; } function g() { return f(); } g()')],
    ['an arrow function that is called', inline('i', '(() => $.n)()', { n: 1 })],
  ])('%s', (_, task) => {
    expect(lintWorkflow(def([task]))).toEqual([]);
  });

  test('an expression that looks for a name at every depth of an output', () => {
    const tasks = [http('h', get), simple('a', { x: '${h.output..status}' })];
    expect(lintWorkflow(def(tasks))).toEqual([]);
  });
});

describe('a LAMBDA', () => {
  const lambda = (scriptExpression: string) =>
    def([task('LAMBDA', 'l', { inputParameters: { n: 1, scriptExpression } })]);

  test('D2: its script may return, and only its type is reported', () => {
    expect(ids(lintWorkflow(lambda('return $.n + 1;')))).toEqual(['deprecated-type']);
    expect(ids(lintWorkflow(lambda('if ($.n == 1) { return {a: true} } else { return {a: false} }')))).toEqual([
      'deprecated-type',
    ]);
  });

  test('D2: the advice to use INLINE says that the script must become a function', () => {
    expect(lintWorkflow(lambda('return $.n + 1;'))[0]?.repair).toContain('(function () { … })()');
  });
});

describe('an EXCLUSIVE_JOIN', () => {
  const exclusive = (joinOn: string[], more = {}) => task('EXCLUSIVE_JOIN', 'j', { joinOn, ...more });
  const cases = { a: [noop('a1')], b: [noop('b1')] };
  const k = '${workflow.input.k}';

  test.each<[string, Json[]]>([
    [
      'every case and the default case',
      [choose('s', k, cases, { defaultCase: [noop('d1')] }), exclusive(['a1', 'b1', 'd1'])],
    ],
    [
      'a default task',
      [
        choose('s', k, cases, { defaultCase: [noop('d1')] }),
        exclusive(['a1', 'b1'], { defaultExclusiveJoinTask: ['d1'] }),
      ],
    ],
    ['the SWITCH itself', [choose('s', k, cases), exclusive(['a1'], { defaultExclusiveJoinTask: ['s'] })]],
    [
      'all cases, if the default case ends the workflow',
      [
        choose('s', k, cases, {
          defaultCase: [task('TERMINATE', 't', { inputParameters: { terminationStatus: 'FAILED' } })],
        }),
        exclusive(['a1', 'b1']),
      ],
    ],
  ])('D4: ends after %s', (_, tasks) => {
    expect(ids(lintWorkflow(def(tasks)))).toEqual(['deprecated-type']);
  });

  test('D4: ends if the cases are all that the schema allows', () => {
    const tasks = [choose('s', k, cases), exclusive(['a1', 'b1'])];
    expect(ids(lintWorkflow(def(tasks, schema(['a', 'b']))))).toEqual(['deprecated-type']);
    expect(ids(lintWorkflow(def(tasks, schema(['a', 'b', 'c']))))).toContain('join-never-ends');
  });

  test('D4: hangs in a loop if it only has a default task, which the server does not find there', () => {
    const tasks = [
      choose('s', k, cases, { defaultCase: [noop('d1')] }),
      exclusive(['a1', 'b1'], { defaultExclusiveJoinTask: ['d1'] }),
    ];
    expect(ids(lintWorkflow(def([loop('l', "$.l['iteration'] < 2", tasks)])))).toContain('join-never-ends');
  });
});

describe('the rules', () => {
  test('every rule has a unique lower-case id', () => {
    const all = rules.map(({ id }) => id);
    expect(all.filter((id) => !/^[a-z]+(?:-[a-z]+)*$/.test(id))).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
    expect(all).toHaveLength(workflowRules.length + taskDefRules.length);
  });

  test('every rule says in whole sentences why it exists and what to do', () => {
    expect(rules.filter(({ reason, repair }) => !/[.)]$/.test(reason) || !/[.)}]$/.test(repair))).toEqual([]);
  });
});
