import { describe, expect, test } from 'vitest';
import { decideChanges } from '../../workflows/manage/decide/decide-changes.ts';
import type { Definitions, ServerState, VersionedDef } from '../../workflows/manage/decide/server-view.ts';

type Json = Record<string, unknown>;

const FLEET = 'default';
const input = (...required: string[]) => ({
  name: 'input',
  version: 1,
  type: 'JSON',
  data: { type: 'object', properties: Object.fromEntries(required.map((key) => [key, { type: 'string' }])), required },
});

/** Returns a workflow with these tasks. A text is the reference of a WAIT task. */
function flow(name: string, version: number, refs: readonly (string | Json)[], more: Json = {}): VersionedDef {
  const tasks = refs.map((ref) =>
    typeof ref === 'string' ? { name: ref, taskReferenceName: ref, type: 'WAIT', inputParameters: {} } : ref,
  );
  return { name, version, schemaVersion: 2, tasks, inputSchema: input('who'), ...more };
}

const running = (name: string, version: number): Json => ({
  name,
  taskReferenceName: 'child',
  type: 'SUB_WORKFLOW',
  inputParameters: {},
  subWorkflowParam: { name, version },
});

const defs = (workflow: readonly VersionedDef[], more: Partial<Definitions> = {}): Definitions => ({
  task: [],
  workflow,
  'event-handler': [],
  schedule: [],
  ...more,
});

/** Returns the state of the server after it applied these definitions, while the executions `ids` run. */
function applied(ours: Definitions, ids: Record<string, string[]> = {}, before?: ServerState): ServerState {
  const old = before ?? { defs: defs([]), running: new Map() };
  const { changes } = decideChanges(ours, FLEET, old);
  const written = (kind: string) =>
    changes.filter((change) => change.kind === kind && change.def).map(({ def }) => def as VersionedDef);
  const isWritten = (kind: string, def: Json) =>
    written(kind).some(({ name, version }) => name === def.name && version === def.version);
  const stored = (kind: keyof Definitions) => [
    ...old.defs[kind].filter((def) => !isWritten(kind, def)),
    ...written(kind),
  ];
  return {
    defs: defs(stored('workflow') as VersionedDef[], {
      task: stored('task'),
      schedule: stored('schedule'),
      'event-handler': stored('event-handler'),
    }),
    running: new Map(Object.entries(ids)),
  };
}

const lines = (ours: Definitions, server: ServerState, options = {}) =>
  decideChanges(ours, FLEET, server, options).changes.map(
    ({ name, version, action }) => `${action} ${name}@${version ?? ''}`,
  );

describe('a definition from which a task was removed', () => {
  const before = defs([flow('w', 1, ['a', 'b'])]);
  const after = defs([flow('w', 1, ['a'])]);

  test('the plan asks for running executions and, if there are none, updates the version in place', () => {
    const server = applied(before);
    expect(lines(after, server)).toEqual(['update w@1']);
    expect(decideChanges(after, FLEET, server).asks).toEqual(['w@1']);
    expect(decideChanges(after, FLEET, server).changes[0]?.idle).toEqual(['w@1']);
  });

  test('if executions run, the plan makes a new version after the highest and notes the version in code', () => {
    const server = applied(before, { 'w@1': ['x1'] });
    expect(lines(after, server)).toEqual(['new-version w@2', 'left w@1']);
    const [change] = decideChanges(after, FLEET, server).changes;
    expect(change).toMatchObject({ standsFor: 1, reasons: ['task b was removed'], was: null });
    expect(change?.touches).toEqual([{ how: 'runs', workflow: 'w', version: 1, ids: ['x1'] }]);
  });

  test('in the next plan the new version is unchanged, and later changes update that new version', () => {
    const server = applied(after, { 'w@1': ['x1'], 'w@2': [] }, applied(before, { 'w@1': ['x1'] }));
    expect(lines(after, server)).toEqual(['unchanged w@2', 'left w@1']);
    expect(lines(defs([flow('w', 1, ['c'])]), server)).toEqual(['update w@2', 'left w@1']);
    const busy = { ...server, running: new Map([['w@2', ['x2']]]) };
    expect(lines(defs([flow('w', 1, ['c'])]), busy)).toEqual(['new-version w@3', 'left w@1', 'left w@2']);
  });

  test('if the code later uses the number of the new version, the plan creates a higher version', () => {
    const server = applied(after, { 'w@1': ['x1'] }, applied(before, { 'w@1': ['x1'] }));
    const raised = defs([flow('w', 2, ['z'])]);
    expect(lines(raised, server)).toEqual(['create w@3', 'left w@1', 'left w@2']);
    expect(lines(raised, applied(raised, {}, server))).toEqual(['unchanged w@3', 'left w@1', 'left w@2']);
  });
});

test.each([
  [
    'a task whose type changed',
    [{ name: 'a', taskReferenceName: 'a', type: 'HUMAN' }],
    {},
    'task a is now HUMAN, was WAIT',
  ],
  ['one more required field in the input', ['a'], { inputSchema: input('who', 'mood') }, 'input.mood is now required'],
])('%s needs a new version', (_, tasks, more, reason) => {
  const server = applied(defs([flow('w', 1, ['a'])]), { 'w@1': ['x'] });
  expect(decideChanges(defs([flow('w', 1, tasks, more)]), FLEET, server).changes[0]).toMatchObject({
    action: 'new-version',
    reasons: [reason],
  });
});

test('an added task, another description or another time limit needs no new version', () => {
  const server = applied(defs([flow('w', 1, ['a'])]), { 'w@1': ['x'] });
  expect(lines(defs([flow('w', 1, ['a', 'b'], { timeoutSeconds: 9, description: 'd' })]), server)).toEqual([
    'update w@1',
  ]);
});

test('if the workflow runs only as a sub-workflow, a change of only its tasks needs no new version', () => {
  const parent = flow('p', 1, ['hold', running('w', 1)]);
  const server = applied(defs([flow('w', 1, ['a', 'b']), parent]), { 'w@1': [], 'p@1': ['x'] });
  expect(lines(defs([flow('w', 1, ['a']), parent]), server)).toEqual(['update w@1', 'unchanged p@1']);
});

describe('a definition that refers to a workflow with a new version', () => {
  const schedule = {
    name: 's',
    cronExpression: '0 0 9 * * *',
    startWorkflowRequest: { name: 'w', version: 1, input: {} },
  };
  const handler = {
    name: 'h',
    event: 'conductor:x:y',
    active: true,
    actions: [{ action: 'start_workflow', start_workflow: { name: 'w', version: 1, input: {} } }],
  };
  const text = '"subWorkflowParam":{"name":"w","version":1}';
  const users = (refs: string[]) =>
    defs(
      [
        flow('p', 1, [running('w', 1)]),
        flow('q', 1, [
          {
            name: 'jq',
            taskReferenceName: 'jq',
            type: 'JSON_JQ_TRANSFORM',
            inputParameters: { queryExpression: text },
          },
        ]),
        flow('w', 1, refs),
      ],
      { schedule: [schedule], 'event-handler': [handler] },
    );

  test('the plan first writes the new version, then updates the definitions that refer to it; the next plan changes nothing', () => {
    const ids = { 'w@1': ['x'], 'w@2': [], 'p@1': [], 'q@1': [] };
    const server = applied(users(['a', 'b']), ids);
    const { changes } = decideChanges(users(['a']), FLEET, server);
    expect(changes.map(({ name, action }) => `${action} ${name}`)).toEqual([
      'new-version w',
      'left w',
      'update p',
      'update q',
      'update h',
      'update s',
    ]);
    const written = JSON.stringify(changes.filter(({ name }) => name !== 'w').map(({ def }) => def));
    expect(written.match(/\\?"version\\?":2\b/g)).toHaveLength(4);
    const next = lines(users(['a']), applied(users(['a']), ids, server)).filter(
      (line) => !line.startsWith('unchanged'),
    );
    expect(next).toEqual(['left w@1']);
  });
});

describe('pruning', () => {
  const both = defs([flow('p', 1, [running('w', 1)]), flow('w', 1, ['a'])]);
  const prune = { prune: true };

  test('prune deletes a definition before the definitions to which it refers', () => {
    expect(lines(defs([]), applied(both), prune)).toEqual(['delete p@1', 'delete w@1']);
    expect(lines(defs([]), applied(both))).toEqual(['left w@1', 'left p@1']);
  });

  test('prune keeps a definition that runs, or to which a running execution or an unstamped definition refers', () => {
    expect(lines(defs([]), applied(both, { 'p@1': ['x'] }), prune)).toEqual(['in-use w@1', 'in-use p@1']);
    const server = applied(both);
    const stranger = { ...flow('stranger', 1, [running('p', 1)]) };
    const withStranger = { ...server, defs: { ...server.defs, workflow: [...server.defs.workflow, stranger] } };
    const { changes } = decideChanges(defs([]), FLEET, withStranger, prune);
    expect(changes.map(({ name, action, reasons }) => [name, action, ...reasons])).toEqual([
      ['w', 'in-use', 'workflow p v1 refers to it'],
      ['p', 'in-use', 'workflow stranger v1 refers to it'],
    ]);
  });

  test('prune keeps definitions that have no stamp or the stamp of another fleet, and those that a person changed', () => {
    const server = applied(both);
    const bare = flow('bare', 1, ['a']);
    const [w, p] = server.defs.workflow as [VersionedDef, VersionedDef];
    const state = (workflow: VersionedDef[]) => ({ defs: defs(workflow), running: new Map() });
    expect(lines(defs([]), state([bare]), prune)).toEqual([]);
    expect(decideChanges(defs([]), 'another', server, prune).changes).toEqual([]);
    const edited = state([{ ...p, description: 'edited' }, w]);
    expect(lines(defs([]), edited, prune)).toEqual(['keep p@1', 'in-use w@1']);
    expect(lines(defs([]), edited, { prune: true, overwrite: true })).toEqual(['delete p@1', 'delete w@1']);
  });
});
