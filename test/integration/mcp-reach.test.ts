import { describe, expect, test } from 'vitest';
import { type Caller, callerOf, permissionsOf } from '../../mcp/admission/permissions.ts';
import { catalogue } from '../../mcp/api/catalogue.ts';
import { isReadOnly, pathParameters } from '../../mcp/api/route.ts';
import { textOf, ways } from '../support/raw-ways.ts';
import { BY_EXECUTION, type Call, ReachScene } from '../support/reach-scene.ts';

/*
 * What a team reaches, over HTTP. Every operation is tried with a workflow in reach and with others, and the fake Conductor server shows
 * whether something was changed.
 */

const SHOP: Caller = { ...callerOf('operator', 'ada'), permissions: permissionsOf('admin'), team: 'shop' };
/** Names that do not belong to the team "shop", and names that only look as if they did. */
const FOREIGN = [
  'billing_flow',
  'shopx_flow',
  'shop-flow',
  'Billing_flow',
  'ｓｈｏｐ_flow',
  'shop＿flow',
  'shop‿flow',
  'sh\u200bop_flow',
];

/** Every operation on a workflow that a call names. */
const BY_NAME: Readonly<Record<string, (name: string) => Call>> = {
  start: (name) => ['execute_workflow', { name, input: {} }],
  'start once': (name) => ['execute_workflow', { name, input: {}, idempotencyKey: 'key' }],
  delete: (name) => ['delete_workflow', { name, version: 1 }],
  schedule: (workflowName) => ['create_schedule', { name: 'daily', workflowName, cron: '0 0 9 * * *' }],
  'use as a sub-workflow': (name) => [
    'create_workflow',
    {
      name: 'shop_new',
      tasks: [{ name: 's', taskReferenceName: 's', type: 'SUB_WORKFLOW', subWorkflowParam: { name, version: 1 } }],
    },
  ],
  'use as a started workflow': (name) => [
    'create_workflow',
    {
      name: 'shop_new',
      tasks: [
        {
          name: 's',
          taskReferenceName: 's',
          type: 'START_WORKFLOW',
          inputParameters: { startWorkflow: { name, version: 1, input: {} } },
        },
      ],
    },
  ],
  'use as a failure workflow': (name) => [
    'create_workflow',
    {
      name: 'shop_new',
      tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }],
      settings: { failureWorkflow: name },
    },
  ],
};
/** Names of new workflows have plain letters in any case. */
const NEW: Readonly<Record<string, (name: string) => Call>> = {
  create: (name) => ['create_workflow', { name, tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] }],
  'create a version': (name) => [
    'create_workflow',
    { name, version: 2, tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] },
  ],
  update: (name) => [
    'create_workflow',
    { name, overwrite: true, tasks: [{ name: 'n', taskReferenceName: 'n', type: 'NOOP' }] },
  ],
};
const scene = new ReachScene();

const env = { MCP_ROLE: 'operator', MCP_TEAM: 'Shop', MCP_USER: 'grace' };

describe('S3: a team', () => {
  test.each(Object.entries(BY_NAME))('may %s a workflow of its own, and no other', async (_, callOf) => {
    const { call } = await scene.openFor(SHOP);
    scene.store('shop_flow', ...FOREIGN);
    for (const name of FOREIGN) {
      const [tool, args] = callOf(name);
      let text = '';
      expect(await scene.changesOf(call(tool, args).then((said) => (text = said))), `${tool} ${name}`).toEqual([]);
      expect(text, `${tool} ${name}`).toContain('Error (denied): The workflow');
      expect(text).toContain('you belong to the team "shop"');
    }
    for (const name of ['shop_flow']) {
      const [tool, args] = callOf(name);
      expect(await scene.changesOf(call(tool, args)), tool).not.toEqual([]);
    }
  });

  test.each(Object.entries(NEW))('may %s a workflow with its prefix, in any case, and no other', async (_, callOf) => {
    const { call } = await scene.openFor(SHOP);
    scene.store('shop_flow', 'billing_flow');
    for (const name of [
      'billing_flow',
      'Billing_flow',
      'shopx_flow',
      'shop-flow',
      'flow',
      'fleet_apply_lock_default',
      'fleet_write_steps',
    ]) {
      const [tool, args] = callOf(name);
      let text = '';
      expect(await scene.changesOf(call(tool, args).then((said) => (text = said))), name).toEqual([]);
      expect(text, name).toMatch(/Error \(denied\): The workflow|Error \(input\)/);
    }
    for (const name of ['shop_other', 'Shop_flow']) {
      const [tool, args] = callOf(name);
      expect(await scene.changesOf(call(tool, args)), name).not.toEqual([]);
    }
  });

  test.each(Object.entries(BY_EXECUTION))('may %s an execution of its own, and no other', async (_, callOf) => {
    const { call } = await scene.openFor(SHOP);
    scene.run('mine', 'shop_flow');
    for (const [index, name] of FOREIGN.entries()) {
      scene.run(`other-${index}`, name);
      const [tool, args] = callOf(`other-${index}`);
      let text = '';
      expect(await scene.changesOf(call(tool, args).then((said) => (text = said))), `${tool} ${name}`).toEqual([]);
      expect(text, `${tool} ${name}`).toContain('is not in your reach');
    }
    const [tool, args] = callOf('mine');
    expect(await scene.changesOf(call(tool, args)), tool).not.toEqual([]);
  });

  test('may not register a definition whose starts cannot be known', async () => {
    const { call } = await scene.openFor(SHOP);
    const dynamic = {
      name: 's',
      taskReferenceName: 's',
      type: 'SUB_WORKFLOW',
      subWorkflowParam: { name: '${workflow.input.name}', version: 1 },
    };
    let text = '';
    const work = call('create_workflow', { name: 'shop_new', tasks: [dynamic] }).then((said) => (text = said));
    expect(await scene.changesOf(work)).toEqual([]);
    expect(text).toContain('it cannot be checked which workflows this starts');
  });

  test('may not take over, pause or delete the schedule of another team', async () => {
    const { call } = await scene.openFor(SHOP);
    scene.store('shop_flow', 'billing_flow');
    const schedule = { cronExpression: '0 0 9 * * *', zoneId: 'UTC', paused: false };
    scene.definitions.schedules.set('theirs', {
      name: 'theirs',
      ...schedule,
      startWorkflowRequest: { name: 'billing_flow', input: {} },
    });
    scene.definitions.schedules.set('ours', {
      name: 'ours',
      ...schedule,
      startWorkflowRequest: { name: 'shop_flow', input: {} },
    });
    for (const action of ['pause', 'delete', 'run_now'])
      expect(await scene.changesOf(call('change_schedule', { name: 'theirs', action })), action).toEqual([]);
    expect(
      await scene.changesOf(
        call('create_schedule', { name: 'theirs', workflowName: 'shop_flow', cron: '0 0 9 * * *' }),
      ),
    ).toEqual([]);
    expect(await scene.changesOf(call('change_schedule', { name: 'ours', action: 'pause' }))).not.toEqual([]);
  });

  test('may add task definitions, but changes only its own', async () => {
    const { call } = await scene.openFor(SHOP);
    scene.definitions.tasks.set('charge', { name: 'charge' });
    scene.definitions.tasks.set('shop_pack', { name: 'shop_pack' });
    const write = (name: string) =>
      scene.changesOf(call('create_task_definition', { name, retryCount: 2, overwrite: true }));
    expect(await write('charge')).toEqual([]);
    expect(await write('shop_pack')).not.toEqual([]);
    expect(await write('wrap')).not.toEqual([]);
  });

  test('hands back a task of another team that it polled', async () => {
    const { call } = await scene.openFor(SHOP);
    scene.run('theirs', 'billing_flow');
    scene.definitions.tasks.set('work', { name: 'work' });
    const { routes } = scene.fake;
    scene.fake.routes = (request) => {
      if (!request.path.startsWith('/api/tasks/poll/batch/')) return routes(request);
      const [task] = scene.executions.execution('theirs').tasks.filter(({ taskType }) => taskType === 'work');
      return { body: [task] };
    };
    expect(await call('claim_task', { taskTypes: ['work'] })).toContain('No task waits');
    expect(scene.fake.requests.at(-1)?.path).not.toBe('');
    const back = scene.fake.requests.findLast(({ method, path }) => method === 'POST' && path === '/api/tasks');
    expect(back?.body).toMatchObject({ taskId: 'theirs-work', status: 'IN_PROGRESS', callbackAfterSeconds: 0 });
  });

  test('sends no raw request that changes something', async () => {
    const { call } = await scene.openFor(SHOP);
    scene.store('shop_flow');
    for (const route of catalogue.filter((one) => !isReadOnly(one))) {
      const path = Object.fromEntries(pathParameters(route).map((name) => [name, 'x']));
      const body = route.body?.endsWith('[]')
        ? [{}]
        : route.body === 'strings'
          ? ['x']
          : route.body === 'text'
            ? 'x'
            : route.body
              ? {}
              : undefined;
      const made = await scene.changesOf(
        call('invoke_api', { operation: route.name, path, confirm: true, ...(body !== undefined && { body }) }),
      );
      expect(made, route.name).toEqual([]);
    }
  }, 60_000);

  test('reads everything, and is not limited if its role is admin', async () => {
    scene.store('billing_flow');
    scene.run('theirs', 'billing_flow');
    const team = await scene.openFor(SHOP);
    expect(await team.call('get_workflow', { name: 'billing_flow' })).toContain('billing_flow');
    expect(await team.call('get_execution_status', { executionId: 'theirs' })).toContain('billing_flow');
    const admin = await scene.openFor({ ...callerOf('admin', 'root'), team: 'shop' });
    expect(await scene.changesOf(admin.call('pause_workflow', { executionIds: ['theirs'] }))).not.toEqual([]);
  });

  test.each(Object.keys(ways))(
    'is what MCP_TEAM and MCP_USER say, if nobody else does (%s)',
    async (way) => {
      scene.store('billing_flow', 'shop_flow');
      const { send, close } = (await ways[way]?.(scene.fake.url, env)) ?? {};
      if (!send || !close) throw new Error(`There is no way "${way}".`);
      const say = async (name: string, args: object) => textOf(await send('tools/call', { name, arguments: args }));
      const mine = await say('get_my_permissions', {});
      expect(mine).toContain('You are grace, role operator, team Shop');
      expect(mine).toContain('It has not checked who you are.');
      expect(mine).toContain('their names begin with "shop_"');
      const start = (name: string) => scene.changesOf(say('execute_workflow', { name, input: {} }));
      expect(await start('billing_flow')).toEqual([]);
      expect(await start('ｓｈｏｐ_flow')).toEqual([]);
      expect(await start('shop_flow')).toEqual(['POST /api/workflow']);
      await close();
    },
    30_000,
  );
});
