import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { TaskDef, WorkflowDef } from '../../core/conductor/types.ts';
import { defineTask, fromSetting } from '../../core/contract.ts';
import { defineWorkflow } from '../../workflows/dsl/define-workflow.ts';
import type { Change } from '../../workflows/manage/change.ts';
import { canonicalWorkflow, fingerprint } from '../../workflows/manage/compare/canonical.ts';
import { decideChanges } from '../../workflows/manage/decide/decide-changes.ts';
import type { Definitions, ServerState } from '../../workflows/manage/decide/server-view.ts';
import { toTaskDef, withSettings } from '../../workflows/manage/task-def.ts';

const task: TaskDef = {
  name: 't',
  retryCount: 3,
  inputSchema: { name: 't.input', version: 1, type: 'JSON', data: { type: 'object' } },
};
const workflow: WorkflowDef = {
  name: 'w',
  version: 2,
  schemaVersion: 2,
  tasks: [{ name: 't', taskReferenceName: 'r', type: 'SIMPLE', inputParameters: { a: 0 } }],
};

/** Returns `def` as the server returns it after the registration: with defaults and times. */
function asStored(def: Record<string, unknown>): Record<string, unknown> {
  const tasks = def.tasks as Record<string, unknown>[] | undefined;
  return {
    ...def,
    createTime: 1,
    updateTime: 2,
    ...(tasks && {
      restartable: true,
      maskedFields: [],
      variables: {},
      tasks: tasks.map((one) => ({ ...one, optional: false, decisionCases: {}, startDelay: 0, metadata: {} })),
    }),
  };
}

type Json = Record<string, unknown>;

const definitions = ({ tasks = [], workflows = [] }: { tasks?: readonly object[]; workflows?: readonly object[] }) =>
  ({ task: tasks, workflow: workflows, 'event-handler': [], schedule: [] }) as unknown as Definitions;

function server(stored: Parameters<typeof definitions>[0]): ServerState {
  return { defs: definitions(stored), running: new Map() };
}

const planned = (ours: Parameters<typeof definitions>[0], state: ServerState, options = {}) =>
  decideChanges(definitions(ours), 'default', state, options).changes;

function actions(changes: Change[]): string[] {
  return changes.map(({ name, action }) => `${name} ${action}`);
}

/** Returns the definitions that the first registration writes, with our stamp. */
function first(): [Json, Json] {
  const [t, w] = planned({ tasks: [task], workflows: [workflow] }, server({}));
  return [t?.def ?? {}, w?.def ?? {}];
}

describe('the plan', () => {
  test('the plan creates definitions that the server does not have', () => {
    expect(actions(planned({ tasks: [task], workflows: [workflow] }, server({})))).toEqual(['t create', 'w create']);
  });

  test('the plan leaves a definition unchanged if the server has it, even with the defaults that the server adds', () => {
    const [t, w] = first();
    const stored = server({ tasks: [asStored(t)], workflows: [asStored(w)] });
    expect(actions(planned({ tasks: [task], workflows: [workflow] }, stored))).toEqual(['t unchanged', 'w unchanged']);
  });

  test('if the code changed after a registration, the plan updates the registered definition', () => {
    const [t, w] = first();
    const stored = server({ tasks: [asStored(t)], workflows: [asStored(w)] });
    const ours = { tasks: [{ ...task, retryCount: 5 }], workflows: [{ ...workflow, timeoutSeconds: 60 }] };
    expect(actions(planned(ours, stored))).toEqual(['t update', 'w update']);
  });

  test('the plan keeps a definition that an operator changed, and says how to overwrite it', () => {
    const [t, w] = first();
    const [task1] = workflow.tasks;
    const edited = { ...asStored(w), tasks: [{ ...task1, inputParameters: { a: 1 } }] };
    const stored = server({ tasks: [{ ...asStored(t), retryCount: 7 }], workflows: [edited] });
    const changes = planned({ tasks: [task], workflows: [workflow] }, stored);
    expect(actions(changes)).toEqual(['t keep', 'w keep']);
    for (const { notice } of changes) expect(notice).toContain('--overwrite');
    expect(actions(planned({ tasks: [task], workflows: [workflow] }, stored, { overwrite: true }))).toEqual([
      't update',
      'w update',
    ]);
  });

  test('the plan keeps a definition that another tool registered under the same name', () => {
    const stored = server({
      tasks: [{ name: 't', retryCount: 1 }],
      workflows: [{ ...workflow, description: 'theirs' }],
    });
    expect(actions(planned({ tasks: [task], workflows: [workflow] }, stored))).toEqual(['t keep', 'w keep']);
  });

  test('if the server has a newer version than the code, the plan says so', () => {
    const [, w] = first();
    const stored = server({ workflows: [asStored(w), { ...asStored(w), version: 3, metadata: {} }] });
    const change = planned({ workflows: [workflow] }, stored)[0];
    expect(change?.action).toBe('unchanged');
    expect(change?.notice).toContain('version 3');
  });
});

test('the order of keys does not change a fingerprint, but the order of tasks does', () => {
  const { name, ...rest } = workflow;
  expect(fingerprint(canonicalWorkflow({ ...rest, name }))).toBe(fingerprint(canonicalWorkflow(workflow)));
  const two = [...workflow.tasks, { name: 'u', taskReferenceName: 's', type: 'SIMPLE' }];
  const turned = [...two].reverse();
  expect(fingerprint(canonicalWorkflow({ ...workflow, tasks: two }))).not.toBe(
    fingerprint(canonicalWorkflow({ ...workflow, tasks: turned })),
  );
});

test('the lease of a task is never longer than the time limit of an attempt, because the server refuses a longer lease', () => {
  const defOf = (timeoutSeconds: number) =>
    toTaskDef(defineTask({ name: 'n', description: 'd', input: z.object({}), output: z.object({}), timeoutSeconds }));
  expect(defOf(0)).toMatchObject({ responseTimeoutSeconds: 60 });
  expect(defOf(10)).toMatchObject({ responseTimeoutSeconds: 10 });
  expect(defOf(600)).toMatchObject({ responseTimeoutSeconds: 60 });
});

test('a task definition always states its retries and its time limits', () => {
  const def = toTaskDef(
    defineTask({
      name: 'n',
      description: 'd',
      input: z.object({}),
      output: z.object({}),
      timeoutSeconds: 30,
      responseTimeoutSeconds: 30,
    }),
  );
  expect(def).toMatchObject({
    retryCount: 3,
    retryLogic: 'EXPONENTIAL_BACKOFF',
    retryDelaySeconds: 2,
    timeoutPolicy: 'RETRY',
    responseTimeoutSeconds: 30,
  });
});

test("an input that names a setting gets this deployment's value as its default", () => {
  const built = defineWorkflow({
    name: 'w',
    version: 1,
    description: '',
    input: z.object({ shopUrl: fromSetting('shopUrl', z.url(), 'http://fallback'), other: z.string().default('x') }),
    output: z.object({}),
  }).build(() => ({}));
  const settings = { shopUrl: 'http://shop', llmProvider: 'litellm', llmModel: 'm' };
  expect(built.def.inputTemplate).toEqual({ shopUrl: 'http://fallback', other: 'x' });
  expect(withSettings(built, settings).inputTemplate).toEqual({ shopUrl: 'http://shop', other: 'x' });
});
