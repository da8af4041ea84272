import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import { loadConfig } from '../../core/config.ts';
import { type Caller, callerOf } from '../../mcp/admission/permissions.ts';
import { reachOf } from '../../mcp/admission/reach.ts';
import { OutOfReach } from '../../mcp/admission/refusals.ts';
import { guardConductor } from '../../mcp/guard/guard-conductor.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { conductorAt } from '../support/tool-calls.ts';

/*
 * Every method of the Conductor API, called through the guard about the workflow "theirs", which is out of reach. The compiler requires an
 * entry for every method.
 */

type Use = (api: Conductor) => unknown;

interface Method {
  /** `changes`, `reads` one thing, `lists` many, or concerns no workflow: `open`. */
  readonly kind: 'changes' | 'reads' | 'lists' | 'open';
  readonly use: readonly Use[];
}

const changes = (...use: Use[]): Method => ({ kind: 'changes', use });
const reads = (...use: Use[]): Method => ({ kind: 'reads', use });
const lists = (...use: Use[]): Method => ({ kind: 'lists', use });
const open = (use: Use): Method => ({ kind: 'open', use: [use] });

const plain = { name: 'n', taskReferenceName: 'n', type: 'NOOP' };
const def = (name: string, more: object = {}) => ({
  name,
  version: 1,
  schemaVersion: 2 as const,
  tasks: [plain],
  ...more,
});
const using = (name: string) =>
  def('ours', { tasks: [{ name: 's', taskReferenceName: 's', type: 'SUB_WORKFLOW', subWorkflowParam: { name } }] });
const schedule = (name: string, workflow: string) => ({
  ...{ name, cronExpression: '0 0 9 * * *', paused: false, runCatchupScheduleInstances: false },
  startWorkflowRequest: { name: workflow, input: {} },
});
const handler = (name: string, workflow: string, event = 'conductor:ours:sink') => ({
  ...{ name, event, active: true },
  actions: [{ action: 'start_workflow', start_workflow: { name: workflow, input: {} } }],
});
const result = { workflowInstanceId: 'e-theirs', taskId: 'e-theirs-work', status: 'COMPLETED' as const };
const signal = new AbortController().signal;

/** A sub-API keeps to the same reach. */
const METHODS: Readonly<Record<Exclude<keyof Conductor, 'serverUrl' | 'close'>, Method>> = {
  getWorkflowDef: reads((api) => api.getWorkflowDef('theirs')),
  createWorkflowDef: changes(
    (api) => api.createWorkflowDef(def('theirs')),
    (api) => api.createWorkflowDef(using('theirs')),
  ),
  putWorkflowDef: changes(
    (api) => api.putWorkflowDef(def('theirs')),
    (api) => api.putWorkflowDef(using('theirs')),
  ),
  validateWorkflowDef: open((api) => api.validateWorkflowDef(def('theirs'))),
  deleteWorkflowDef: changes((api) => api.deleteWorkflowDef('theirs', 1)),
  listWorkflowNames: lists((api) => api.listWorkflowNames()),
  listWorkflowVersions: lists((api) => api.listWorkflowVersions()),
  listWorkflowDefs: lists((api) => api.listWorkflowDefs()),
  listLatestWorkflowDefs: lists((api) => api.listLatestWorkflowDefs()),
  getTaskDef: open((api) => api.getTaskDef('shared')),
  listTaskDefs: open((api) => api.listTaskDefs()),
  putTaskDefs: open((api) => api.putTaskDefs([{ name: 'shared' }])),
  deleteTaskDef: open((api) => api.deleteTaskDef('shared')),
  startWorkflow: changes(
    (api) => api.startWorkflow({ name: 'theirs', input: {} }),
    (api) => api.startWorkflow({ name: 'ours', input: {}, workflowDef: def('theirs') }),
    (api) => api.startWorkflow({ name: 'ours', input: {}, workflowDef: using('theirs') }),
    (api) => api.startWorkflow({ name: 'fleet_write_steps', input: {} }),
    (api) => api.startWorkflow({ name: 'fleet_write_steps', input: {}, workflowDef: using('theirs') }),
  ),
  getExecution: reads((api) => api.getExecution('e-theirs')),
  getStatus: reads((api) => api.getStatus('e-theirs')),
  correlatedExecutions: lists((api) => api.correlatedExecutions('theirs', 'key')),
  searchExecutions: lists((api) => api.searchExecutions({ query: 'status=RUNNING' })),
  runningExecutions: reads((api) => api.runningExecutions('theirs', 1)),
  decide: changes((api) => api.decide('e-theirs')),
  terminate: changes((api) => api.terminate('e-theirs', 'x')),
  retry: changes((api) => api.retry('e-theirs')),
  restart: changes((api) => api.restart('e-theirs')),
  removeExecution: changes((api) => api.removeExecution('e-theirs')),
  waitForEnd: reads((api) => api.waitForEnd('e-theirs', { seconds: 0 })),
  testWorkflow: changes((api) =>
    api.testWorkflow({ name: 'theirs', version: 1, input: {}, workflowDef: def('theirs'), taskRefToMockOutput: {} }),
  ),
  pause: changes((api) => api.pause('e-theirs')),
  resume: changes((api) => api.resume('e-theirs')),
  rerun: changes((api) => api.rerun('e-theirs', {})),
  skipTask: changes((api) => api.skipTask('e-theirs', 'work')),
  pollTasks: open((api) => api.pollTasks('work', { count: 1, timeoutMs: 0, workerId: 'w' })), // tested in mcp-reach.test.ts
  updateTask: changes(
    (api) => api.updateTask(result),
    (api) => api.updateTask({ ...result, workflowInstanceId: 'e-ours' }),
  ),
  extendLease: changes((api) => api.extendLease({ ...result, status: 'IN_PROGRESS', extendLease: true })),
  getTask: reads((api) => api.getTask('e-theirs-work')),
  searchTasks: lists((api) => api.searchTasks({ query: 'status=IN_PROGRESS' })),
  findTasks: lists((api) => api.findTasks({})),
  addTaskLog: changes((api) => api.addTaskLog('e-theirs-work', 'line')),
  queueSizes: open((api) => api.queueSizes(['work'])),
  pollData: open((api) => api.pollData('work')),
  allPollData: open((api) => api.allPollData()),
  taskLogs: reads((api) => api.taskLogs('e-theirs-work')),
  openTasks: lists((api) => api.openTasks('theirs', 10)),
  allQueues: open((api) => api.allQueues()),
  listSchedules: lists((api) => api.listSchedules()),
  putSchedule: changes(
    (api) => api.putSchedule(schedule('new', 'theirs')),
    (api) => api.putSchedule(schedule('s-theirs', 'ours')),
  ),
  deleteSchedule: changes((api) => api.deleteSchedule('s-theirs')),
  nextFirings: open((api) => api.nextFirings('0 0 9 * * *', 1)),
  listEventHandlers: lists((api) => api.listEventHandlers()),
  createEventHandler: changes(
    (api) => api.createEventHandler(handler('new', 'theirs')),
    (api) => api.createEventHandler(handler('new', 'ours', 'conductor:theirs:sink')),
    (api) => api.createEventHandler({ ...handler('new', 'ours'), actions: [{ action: 'terminate_workflow' }] }),
  ),
  updateEventHandler: changes(
    (api) => api.updateEventHandler(handler('h-theirs', 'ours')),
    (api) => api.updateEventHandler(handler('h-ours', 'theirs')),
  ),
  deleteEventHandler: changes((api) => api.deleteEventHandler('h-theirs')),
  getSchedule: reads((api) => api.getSchedule('s-theirs')),
  pauseSchedule: changes((api) => api.pauseSchedule('s-theirs')),
  resumeSchedule: changes((api) => api.resumeSchedule('s-theirs')),
  scheduleRuns: lists((api) => api.scheduleRuns(['s-theirs'], 10)),
  version: open((api) => api.version()),
  request: changes((api) =>
    api.request({
      method: 'DELETE',
      path: '/api/workflow/{workflowId}',
      params: { workflowId: 'e-theirs' },
      answer: z.unknown(),
    }),
  ),
  withTrace: changes((api) => api.withTrace(() => undefined).terminate('e-theirs', 'x')),
  withSignal: changes((api) => api.withSignal(signal).terminate('e-theirs', 'x')),
  detached: changes((api) => api.detached().terminate('e-theirs', 'x')),
};

let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
});
afterAll(() => fake.close());
beforeEach(() => {
  const [definitions, executions] = [new DefinitionStore(), new ExecutionStore()];
  for (const name of ['ours', 'theirs']) {
    definitions.workflows.set(`${name} 1`, { ...storedDef(name, [plain]), updateTime: 1 });
    executions.add(`e-${name}`, [{ referenceTaskName: 'work', taskType: 'work', status: 'IN_PROGRESS' }], {
      workflowName: name,
    });
    definitions.schedules.set(`s-${name}`, schedule(`s-${name}`, name));
    definitions.eventHandlers.set(`h-${name}`, handler(`h-${name}`, name));
  }
  definitions.firings = [{ scheduleName: 's-theirs', state: 'EXECUTED', workflowId: 'e-theirs' }];
  fake.routes = (request) => {
    if (request.path.endsWith('/latest-versions')) return { body: [...definitions.workflows.values()] };
    if (request.path.startsWith('/api/admin/task/')) return { body: executions.execution('e-theirs').tasks };
    if (request.path.includes('/correlated/')) return { body: [executions.execution('e-theirs')] };
    if (request.path === '/api/tasks/search-v2')
      return { body: { totalHits: 1, results: executions.execution('e-theirs').tasks } };
    return executions.routes(request) ?? definitions.routes(request);
  };
});

const guarded = (caller: Caller, rules: object[]) => {
  const { config } = loadConfig({ env: { MCP_RULES: JSON.stringify(rules) } });
  return guardConductor(conductorAt(fake.url), reachOf(caller, config));
};
/** A caller who may neither read nor change the workflow "theirs". */
const limited = () =>
  guarded(callerOf('operator'), [{ id: 'not-theirs', deny: true, workflows: ['theirs', 'fleet_write_steps'] }]);

const outcomeOf = async (use: Use, api: Conductor): Promise<unknown> => {
  try {
    return await use(api);
  } catch (error) {
    return error;
  }
};

describe.each(Object.entries(METHODS))('the guarded method %s', (_, { kind, use }) => {
  test.each(use.map((one, index) => [index + 1, one] as const))(
    'S3: keeps to the reach of its caller (%i)',
    async (_number, one) => {
      const before = fake.requests.length;
      const outcome = await outcomeOf(one, limited());
      const made = fake.requests.slice(before).filter(({ method }) => method !== 'GET');
      if (kind === 'open') return expect(outcome).not.toBeInstanceOf(OutOfReach);
      if (kind === 'lists') {
        expect(outcome).not.toBeInstanceOf(Error);
        expect(JSON.stringify(outcome)).not.toContain('theirs');
        expect(JSON.stringify(await one(conductorAt(fake.url)))).toContain('theirs');
      } else {
        expect(outcome).toBeInstanceOf(OutOfReach);
      }
      expect(made).toEqual([]);
    },
  );
});

test('a caller without limits gets the API itself', () => {
  const api = conductorAt(fake.url);
  const { config } = loadConfig({ env: {} });
  expect(guardConductor(api, reachOf(callerOf('operator'), config))).toBe(api);
});

test('in read-only mode every method that changes something is refused, before the server is asked', async () => {
  const { config } = loadConfig({ env: { MCP_READ_ONLY: 'true' } });
  const api = guardConductor(conductorAt(fake.url), reachOf(callerOf('admin'), config));
  const more: Use[] = [
    (one) => one.putTaskDefs([{ name: 'shared' }]),
    (one) => one.deleteTaskDef('shared'),
    (one) => one.pollTasks('work', { count: 1, timeoutMs: 0, workerId: 'w' }),
    (one) => one.createWorkflowDef(def('fleet_start_lock_x')),
    (one) => one.startWorkflow({ name: 'fleet_write_steps', input: {}, workflowDef: def('fleet_write_steps') }),
  ];
  const before = fake.requests.length;
  for (const use of [...Object.values(METHODS).flatMap((one) => (one.kind === 'changes' ? one.use : [])), ...more])
    expect(await outcomeOf(use, api), String(use)).toMatchObject({ rule: 'MCP_READ_ONLY' });
  expect(fake.requests.slice(before)).toEqual([]);
});

test('each execution is read once for a call, however often it is checked', async () => {
  const api = guarded({ ...callerOf('operator'), team: 'shop' }, []);
  const before = fake.requests.length;
  for (const use of [METHODS.pause, METHODS.retry, METHODS.detached].flatMap((one) => one.use))
    await outcomeOf(use, api);
  expect(fake.requests.slice(before)).toHaveLength(1);
});
