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
import { type Trap, traps } from '../support/lint-traps/index.ts';

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
