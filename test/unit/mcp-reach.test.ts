import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { refusalOf } from '../../mcp/admission/may-use.ts';
import { type Caller, callerOf, type Permission, type Role } from '../../mcp/admission/permissions.ts';
import { reachOf, type Target } from '../../mcp/admission/reach.ts';
import { SAME_TOOL } from '../../mcp/admission/same-tool.ts';
import { readingOf } from '../../mcp/admission/subject.ts';
import { whyNotOfTeam } from '../../mcp/admission/team-names.ts';
import { promptsWith, resourcesWith, toolsWith } from '../../mcp/front/content.ts';

const shopOperator: Caller = { ...callerOf('operator', 'ada'), team: 'shop' };

function settingsOf(rules: unknown[] = [], env: Record<string, string> = {}) {
  return loadConfig({ env: { MCP_RULES: JSON.stringify(rules), ...env } }).config;
}

/** The rule that refuses, or undefined. */
function refusedBy(rules: unknown[], caller: Caller, permission: Permission, target: Target): string | undefined {
  return reachOf(caller, settingsOf(rules)).refusal(permission, target)?.rule;
}

describe('S3: names of a team', () => {
  test.each(['shop_orders', 'shop_', 'shop_Grüße', 'Shop_orders', 'SHOP_orders'])(
    '%s belongs to the team shop',
    (name) => {
      expect(whyNotOfTeam(name, 'shop')).toBeUndefined();
      expect(whyNotOfTeam(name, 'Shop')).toBeUndefined();
    },
  );

  test.each([
    'orders',
    'shop',
    'shopx_orders',
    'shop-orders',
    ' shop_orders',
    'my_shop_orders',
    'team_shop_orders',
    'shops_orders',
    '',
  ])('"%s" does not belong to the team shop', (name) => {
    expect(whyNotOfTeam(name, 'shop')).toContain('does not begin with "shop_"');
  });

  test.each([
    ['full-width letters', 'ｓｈｏｐ_orders'],
    ['a full-width underscore', 'shop＿orders'],
    ['an undertie', 'shop‿orders'],
    ['a dashed low line', 'shop﹍orders'],
    ['a macron below the line', 'shopˍorders'],
    ['a zero-width space', 'sh\u200bop_orders'],
    ['a soft hyphen', 'shop\u00ad_orders'],
    ['a long s', 'ſhop_orders'],
    ['mathematical letters', '𝐬𝐡𝐨𝐩_orders'],
  ])('a name with %s only looks like one of the team', (_, name) => {
    expect(whyNotOfTeam(name, 'shop')).toContain('only looks as if');
    expect(whyNotOfTeam(name, 'billing')).toContain('does not begin with "billing_"');
  });

  test('letters whose lower case is a plain letter do not count as plain', () => {
    expect(whyNotOfTeam('\u212Aits_orders', 'kits')).toContain('only looks as if'); // the Kelvin sign
    expect(whyNotOfTeam('kıts_orders', 'kits')).toContain('only looks as if'); // a dotless i
  });

  test('a team whose name holds "_" owns nothing, because its names would also belong to another team', () => {
    expect(whyNotOfTeam('shop_eu_orders', 'shop_eu')).toContain('no workflow can belong to a team with this name');
    expect(whyNotOfTeam('shop＿eu_orders', 'shop＿eu')).toContain('no workflow can belong');
    expect(whyNotOfTeam('_orders', '')).toContain('no workflow can belong');
    expect(whyNotOfTeam('*_orders', '*')).toContain('no workflow can belong');
  });
});

describe('S3: what a team reaches', () => {
  const of = (caller: Caller, permission: Permission, workflow: string, env = {}) =>
    reachOf(caller, settingsOf([], env)).refusal(permission, { workflow })?.rule;

  test('a team changes and starts its own workflows, and reads all', () => {
    for (const permission of ['workflows:execute', 'tasks:write', 'approvals:decide', 'workflows:write'] as const) {
      expect(of(shopOperator, permission, 'shop_orders'), permission).toBeUndefined();
      expect(of(shopOperator, permission, 'billing_orders'), permission).toBe('team');
    }
    for (const permission of ['workflows:read', 'executions:read', 'tasks:read'] as const)
      expect(of(shopOperator, permission, 'billing_orders'), permission).toBeUndefined();
  });

  test('an admin is not limited by a team', () => {
    expect(of({ ...shopOperator, role: 'admin' }, 'workflows:write', 'billing_orders')).toBeUndefined();
  });

  test('without a team there is no limit, unless MCP_TEAMS_REQUIRED is on', () => {
    const required = { MCP_TEAMS_REQUIRED: 'true' };
    expect(of(callerOf('operator'), 'workflows:execute', 'orders')).toBeUndefined();
    expect(of(callerOf('operator'), 'workflows:execute', 'orders', required)).toBe('MCP_TEAMS_REQUIRED');
    expect(of(callerOf('operator'), 'workflows:read', 'orders', required)).toBeUndefined();
    expect(of(callerOf('admin'), 'workflows:write', 'orders', required)).toBeUndefined();
    expect(of(shopOperator, 'workflows:execute', 'shop_orders', required)).toBeUndefined();
  });

  test('in read-only mode nobody changes anything', () => {
    const readOnly = { MCP_READ_ONLY: 'true' };
    for (const role of ['viewer', 'operator', 'admin'] as Role[]) {
      expect(of(callerOf(role), 'workflows:execute', 'orders', readOnly)).toBe('MCP_READ_ONLY');
      expect(of(callerOf(role), 'executions:read', 'orders', readOnly)).toBeUndefined();
    }
  });
});

describe('S2: rules', () => {
  const operator = callerOf('operator', 'ada');
  const shopOnly = {
    id: 'shop-only',
    for: { role: 'operator' },
    permissions: ['workflows:execute'],
    workflows: ['shop_*'],
  };

  test('a rule allows a permission only for what fits it, and leaves other permissions and callers alone', () => {
    expect(refusedBy([shopOnly], operator, 'workflows:execute', { workflow: 'shop_orders' })).toBeUndefined();
    expect(refusedBy([shopOnly], operator, 'workflows:execute', { workflow: 'orders' })).toBe('shop-only');
    expect(refusedBy([shopOnly], operator, 'workflows:execute', { workflow: 'SHOP_orders' })).toBe('shop-only');
    expect(refusedBy([shopOnly], operator, 'executions:read', { workflow: 'orders' })).toBeUndefined();
    expect(refusedBy([shopOnly], callerOf('admin'), 'workflows:execute', { workflow: 'orders' })).toBeUndefined();
  });

  test('one of several allowing rules is enough, and a refusing rule wins', () => {
    const rules = [
      shopOnly,
      { id: 'also', workflows: ['orders*'] },
      { id: 'never', deny: true, workflows: ['*_production'] },
    ];
    expect(refusedBy(rules, operator, 'workflows:execute', { workflow: 'orders' })).toBeUndefined();
    expect(refusedBy(rules, operator, 'workflows:execute', { workflow: 'other' })).toBe('shop-only, also');
    expect(refusedBy(rules, operator, 'workflows:execute', { workflow: 'shop_production' })).toBe('never');
  });

  test.each(['SHOP_Production', 'shop＿production', 'shop_produ\u200bction', 'ｓhop_production'])(
    'a refusing rule also fits the folded name %s',
    (workflow) => {
      const never = { id: 'never', deny: true, workflows: ['shop_production'] };
      expect(refusedBy([never], operator, 'workflows:execute', { workflow })).toBe('never');
    },
  );

  test('a rule can hold for a team, a principal, or both', () => {
    const rule = (who: object) => [{ id: 'r', for: who, deny: true }];
    const act = (who: object, caller: Caller) => refusedBy(rule(who), caller, 'executions:read', { workflow: 'x' });
    expect(act({ team: 'Shop' }, shopOperator)).toBe('r');
    expect(act({ team: 'billing' }, shopOperator)).toBeUndefined();
    expect(act({ team: 'shop' }, operator)).toBeUndefined();
    expect(act({ principal: 'ada' }, operator)).toBe('r');
    expect(act({ principal: 'ada' }, { ...operator, id: 'https://idp.example#1', name: 'ada' })).toBeUndefined();
    expect(act({ principal: 'ada', role: 'admin' }, operator)).toBeUndefined();
  });

  test('a rule can name values of the input', () => {
    const staging = [
      { id: 'staging', permissions: ['workflows:execute'], input: { environment: ['staging', 'test'] } },
    ];
    const start = (input: Record<string, unknown>) =>
      refusedBy(staging, operator, 'workflows:execute', { workflow: 'x', input, domains: [] });
    expect(start({ environment: 'staging' })).toBeUndefined();
    expect(start({ environment: 'production' })).toBe('staging');
    expect(start({ environment: 'Staging' })).toBe('staging');
    expect(start({})).toBe('staging');
    expect(start({ environment: '${workflow.input.e}' })).toBe('staging');
    expect(start({ environment: ['staging'] })).toBe('staging');
    expect(refusedBy(staging, operator, 'workflows:execute', { workflow: 'x' })).toBeUndefined();
  });

  test('a refusing rule about the input also fits folded values and expressions, at any depth', () => {
    const never = [{ id: 'never', deny: true, input: { 'order.environment': ['production'] } }];
    const start = (order: unknown) =>
      refusedBy(never, operator, 'workflows:execute', { workflow: 'x', input: { order }, domains: [] });
    expect(start({ environment: 'production' })).toBe('never');
    expect(start({ environment: 'PRODUCTION' })).toBe('never');
    expect(start({ environment: '${workflow.input.e}' })).toBe('never');
    expect(start('${workflow.input.order}')).toBe('never');
    expect(start({ environment: 'staging' })).toBeUndefined();
    expect(start({})).toBeUndefined();
  });

  test('a rule can name task domains', () => {
    const start = (rule: object, domains: string[]) =>
      refusedBy([{ id: 'r', ...rule }], operator, 'workflows:execute', { workflow: 'x', input: {}, domains });
    expect(start({ domains: ['blue*'] }, ['blue', 'blue2'])).toBeUndefined();
    expect(start({ domains: ['blue*'] }, ['blue', 'green'])).toBe('r');
    expect(start({ domains: ['blue*'] }, [])).toBe('r');
    expect(start({ deny: true, domains: ['green'] }, ['blue', 'GREEN'])).toBe('r');
    expect(start({ deny: true, domains: ['green'] }, [])).toBeUndefined();
  });

  test('rules without an id are named by their place', () => {
    expect(
      refusedBy([{ deny: true, workflows: ['a'] }, { deny: true }], operator, 'workflows:read', { workflow: 'b' }),
    ).toBe('rule-2');
  });

  test.each([
    ['an unknown field', [{ workflow: ['a'] }]],
    ['an unknown permission', [{ permissions: ['execute'] }]],
    ['an empty list', [{ workflows: [] }]],
    ['the same id twice', [{ id: 'a' }, { id: 'a' }]],
    ['no list', { id: 'a' }],
  ])('a wrong setting is refused at the start: %s', (_, rules) => {
    expect(() => loadConfig({ env: { MCP_RULES: JSON.stringify(rules) } })).toThrow('MCP_RULES');
  });
});

describe('the lists of tools', async () => {
  const [tools, resources, prompts] = await Promise.all([toolsWith(), resourcesWith(), promptsWith()]);

  test('every built-in resource and prompt names the tool that shows the same', () => {
    expect(Object.keys(SAME_TOOL.resources).sort()).toEqual(resources.map(({ name }) => name).sort());
    expect(Object.keys(SAME_TOOL.prompts).sort()).toEqual(prompts.map(({ name }) => name).sort());
    const names = Object.values(SAME_TOOL).flatMap((table) => Object.values(table));
    for (const name of names) expect(tools.map((tool) => tool.name)).toContain(name);
  });

  test('S2: a tool that runs a workflow is refused in read-only mode, even if it says that it only reads', () => {
    const { config } = loadConfig({ env: { MCP_READ_ONLY: 'true' } });
    const subject = readingOf('run_report', 'workflows:execute');
    expect(refusalOf(subject, callerOf('admin'), config)?.rule).toBe('MCP_READ_ONLY');
    expect(refusalOf(readingOf('x', 'workflows:read'), callerOf('admin'), config)).toBeUndefined();
  });
});
