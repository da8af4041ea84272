import { OAuthError } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { type Config, loadConfig } from '../../core/config.ts';
import { type Permission, permissions, permissionsOf } from '../../mcp/admission/permissions.ts';
import { callerOfClaims } from '../../mcp/auth/caller-of-claims.ts';
import { grantsOf, scopesFor } from '../../mcp/auth/grants.ts';
import { insufficientScope } from '../../mcp/auth/insufficient-scope.ts';
import { checkCallersAreKnown, oauthOf } from '../../mcp/auth/oauth.ts';
import { mayContinue } from '../../mcp/engine/connection.ts';

const ISSUER = 'https://login.example.com/';
const RESOURCE = 'https://mcp.example.com/mcp';
const READ: readonly Permission[] = permissionsOf('viewer');

function configOf(options: Partial<Record<keyof Config, unknown>> = {}): Config {
  return loadConfig({ env: {}, options: { mcpOauthIssuer: ISSUER, mcpResource: RESOURCE, ...options } }).config;
}

function callerOf(claims: object, mapping: Config['mcpOauthPermissions'] = {}) {
  return callerOfClaims({ iss: ISSUER, sub: 'u1', ...claims }, grantsOf({ mcpOauthPermissions: mapping }));
}

describe('what a token permits', () => {
  const all = permissions;
  const run = 'conductor:workflows:execute';
  /** The claims, the role, the permissions, and the permissions that more scopes would add. */
  const rows: [claims: object, role: string, granted: readonly Permission[], grantable: readonly Permission[]][] = [
    [{}, 'viewer', READ, all],
    [{ scope: 'openid profile' }, 'viewer', READ, all],
    [{ roles: ['unknown', 'offline_access'] }, 'viewer', READ, all],
    [{ roles: ['viewer'] }, 'viewer', READ, READ],
    [{ roles: ['operator'] }, 'operator', permissionsOf('operator'), permissionsOf('operator')],
    [{ roles: 'admin' }, 'admin', all, all],
    [{ roles: ['viewer', 'admin', 'operator'] }, 'admin', all, all],
    [{ groups: ['operator'] }, 'operator', permissionsOf('operator'), permissionsOf('operator')],
    [{ permissions: ['workflows:write'] }, 'viewer', ['workflows:write'], ['workflows:write']],
    [{ permissions: ['conductor:tasks:write'] }, 'viewer', ['tasks:write'], ['tasks:write']],
    [
      { roles: ['viewer'], permissions: ['approvals:decide'] },
      'viewer',
      [...READ, 'approvals:decide'],
      [...READ, 'approvals:decide'],
    ],
    [{ scope: run }, 'viewer', ['workflows:execute'], all],
    [{ scp: [run, 'conductor:tasks:read'] }, 'viewer', ['tasks:read', 'workflows:execute'], all],
    [{ scp: `${run} openid` }, 'viewer', ['workflows:execute'], all],
    // A scope limits a role and never adds to it.
    [{ roles: ['admin'], scope: run }, 'admin', ['workflows:execute'], all],
    [{ roles: ['viewer'], scope: 'conductor:workflows:write' }, 'viewer', [], READ],
    [{ roles: ['operator'], scope: 'openid' }, 'operator', permissionsOf('operator'), permissionsOf('operator')],
    // The name of a role or permission is no scope.
    [{ scope: 'admin workflows:write' }, 'viewer', READ, all],
  ];
  test.each(rows)('%j: %s', (claims, role, granted, grantable) => {
    const caller = callerOf(claims);
    expect(caller).toMatchObject({ role, knownBy: 'token' });
    expect([...caller.permissions].sort()).toEqual([...granted].sort());
    expect([...(caller.grantable ?? [])].sort()).toEqual([...grantable].sort());
  });

  const mapping = {
    claims: { 'fleet-admins': 'admin', auditors: ['executions:read'] },
    scopes: { 'mcp.read': 'viewer', 'mcp.run': ['workflows:execute', 'executions:read'] },
  };
  test.each<[object, string, readonly Permission[]]>([
    [{ groups: ['fleet-admins'] }, 'admin', all],
    [{ roles: ['auditors'] }, 'viewer', ['executions:read']],
    [{ roles: ['operator'] }, 'operator', permissionsOf('operator')],
    [{ scope: 'mcp.read mcp.run' }, 'viewer', [...READ, 'workflows:execute']],
    [{ groups: ['fleet-admins'], scope: 'mcp.run' }, 'admin', ['executions:read', 'workflows:execute']],
    // The scopes of the mapping replace those of the default, and no scope acts as a claim.
    [{ scope: 'conductor:workflows:write fleet-admins' }, 'viewer', READ],
  ])('with a mapping, %j: %s', (claims, role, granted) => {
    const caller = callerOf(claims, mapping);
    expect(caller.role).toBe(role);
    expect([...caller.permissions].sort()).toEqual([...granted].sort());
  });

  test('without any scope in the mapping, more scopes never help', () => {
    expect(callerOf({}, { scopes: {} })).toMatchObject({ permissions: READ, grantable: [] });
  });

  test.each([
    [{ preferred_username: 'ada', name: 'Ada L.', email: 'a@b.c' }, 'ada'],
    [{ name: 'Ada L.', email: 'a@b.c', client_id: 'app' }, 'Ada L.'],
    [{ email: 'a@b.c', client_id: 'app' }, 'a@b.c'],
    [{ client_id: 'app' }, 'app'],
    [{}, 'u1'],
    [{ name: '  ', email: 'a@b.c' }, 'a@b.c'],
    [{ name: 'Ada\nINFO forged\u001b[31m' }, 'Ada INFO forged [31m'],
    [{ name: 'x'.repeat(500) }, 'x'.repeat(200)],
  ])('people see %j as %j, and the id is the issuer and the subject', (claims, name) => {
    expect(callerOf(claims)).toMatchObject({ id: `${ISSUER}#u1`, name });
  });

  test('a team is kept; a claim of the wrong type refuses the token', () => {
    expect(callerOf({ team: 'blue' }).team).toBe('blue');
    expect(callerOf({})).not.toHaveProperty('team');
    for (const claims of [
      { team: '' },
      { team: ['a', 'b'] },
      { team: null },
      { roles: [1] },
      { scope: 7 },
      { name: {} },
    ]) {
      expect(() => callerOf(claims), JSON.stringify(claims)).toThrow(OAuthError);
    }
  });

  test.each([
    [{ claims: { devs: 'operater' } }, 'Did you mean "operator"?'],
    [{ scopes: { run: ['workflow:execute'] } }, 'Did you mean "workflows:execute"?'],
    [{ claims: { devs: 'workflows:read' } }, 'Name one of: viewer, operator, admin.'],
  ])('the mapping %j names something unknown', (mcpOauthPermissions, remedy) => {
    expect(() => oauthOf(configOf({ mcpOauthPermissions }))).toThrow(
      expect.objectContaining({ code: 'config', remedy: expect.stringContaining(remedy) }),
    );
  });
});

describe('more scopes', () => {
  const oauth = oauthOf(configOf());

  test('the refusal names the scopes of what the caller has and of what is missing', () => {
    if (!oauth) throw new Error('no OAuth');
    const caller = callerOf({ roles: ['operator'], scope: 'conductor:executions:read conductor:tasks:write' });
    const response = insufficientScope({ caller, permission: 'workflows:execute', id: 7, oauth });
    expect(response?.status).toBe(403);
    const challenge = response?.headers.get('www-authenticate');
    expect(challenge).toMatch(/^Bearer error="insufficient_scope", error_description="/);
    expect(challenge).toContain(
      'scope="conductor:executions:read conductor:tasks:write conductor:workflows:execute", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
    );
    expect(insufficientScope({ caller, permission: 'workflows:write', id: 7, oauth })).toBeUndefined();
  });

  test('of several scopes with a permission, the one that permits the least is named', () => {
    const grants = grantsOf({
      mcpOauthPermissions: { scopes: { all: 'admin', some: 'operator', run: ['workflows:execute'] } },
    });
    expect(scopesFor(['workflows:execute'], grants)).toEqual(['run']);
    expect(scopesFor(['workflows:execute', 'tasks:write', 'workflows:write'], grants)).toEqual(['run', 'some', 'all']);
  });

  test('a session continues with more permissions, and with nothing else', () => {
    const few = callerOf({ scope: 'conductor:executions:read', team: 'blue' });
    const more = callerOf({ scope: 'conductor:executions:read conductor:tasks:read', team: 'blue' });
    expect(mayContinue(few, few)).toBe(true);
    expect(mayContinue(few, { ...few })).toBe(true);
    expect(mayContinue(few, more)).toBe(true);
    expect(mayContinue(more, few)).toBe(false);
    expect(mayContinue(few, { ...more, id: `${ISSUER}#u2` })).toBe(false);
    expect(mayContinue(few, { ...more, team: 'red' })).toBe(false);
    expect(mayContinue(few, { ...more, knownBy: 'configuration' })).toBe(false);
    expect(mayContinue(few, undefined)).toBe(false);
    expect(mayContinue(undefined, few)).toBe(false);
    expect(mayContinue(undefined, undefined)).toBe(true);
  });
});

describe('the settings of OAuth', () => {
  test.each([
    [{ mcpOauthIssuer: 'http://login.example.com' }, 'must be an https:// address'],
    [{ mcpOauthIssuer: 'https://login.example.com/?tenant=1' }, 'must not hold'],
    [{ mcpOauthIssuer: 'https://me:pw@login.example.com' }, 'must not hold'],
    [{ mcpOauthJwksUrl: 'http://keys.example.com' }, 'must be an https:// address'],
    [{ mcpResource: 'https://mcp.example.com' }, 'must be written in full'],
    [{ mcpResource: 'https://MCP.example.com/mcp' }, 'must be written in full'],
    [{ mcpResource: 'http://mcp.example.com/mcp' }, 'must be an https:// address'],
    [{ mcpOauthAlgorithms: ['HS256'] }, 'MCP_OAUTH_ALGORITHMS'],
    [{ mcpOauthAlgorithms: ['none'] }, 'MCP_OAUTH_ALGORITHMS'],
    [{ mcpOauthAlgorithms: [] }, 'MCP_OAUTH_ALGORITHMS'],
    [{ mcpTokenMaxSeconds: 0 }, 'MCP_TOKEN_MAX_SECONDS'],
  ])('%j is refused', (options, says) => {
    expect(() => configOf(options)).toThrow(says.startsWith('MCP_') ? Object.keys(options)[0] : says);
  });

  test.each([
    'http://127.0.0.1:9000',
    'http://localhost:9000/realms/a',
    'http://[::1]:9000',
    'https://x.example/tenant/v2.0',
  ])('the issuer %s is kept as it was written', (mcpOauthIssuer) =>
    expect(configOf({ mcpOauthIssuer }).mcpOauthIssuer).toBe(mcpOauthIssuer),
  );

  test('OAuth needs both the issuer and the resource', () => {
    expect(() => oauthOf(configOf({ mcpResource: undefined }))).toThrow(
      'MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) is set and MCP_RESOURCE (in code: mcpResource) is not',
    );
    expect(() => oauthOf(configOf({ mcpOauthIssuer: undefined }))).toThrow(
      'MCP_RESOURCE (in code: mcpResource) is set and MCP_OAUTH_ISSUER (in code: mcpOauthIssuer) is not',
    );
    expect(oauthOf(loadConfig({ env: {} }).config)).toBeUndefined();
  });

  const open = { mcpOauthIssuer: undefined, mcpResource: undefined };
  test.each(['0.0.0.0', '::', '192.168.1.5', 'mcp', 'localhost.example.com', '0', '::ffff:127.0.0.1'])(
    'without OAuth, the address %s is refused unless the user accepts it',
    (mcpHost) => {
      expect(() => checkCallersAreKnown(configOf({ ...open, mcpHost }))).toThrow(`would listen on ${mcpHost} without`);
      checkCallersAreKnown(configOf({ ...open, mcpHost, mcpUnauthenticated: true }));
      checkCallersAreKnown(configOf({ mcpHost }));
    },
  );
  test.each(['127.0.0.1', '127.8.0.1', 'localhost', 'LOCALHOST', '::1', '[::1]'])('%s needs no OAuth', (mcpHost) => {
    expect(() => checkCallersAreKnown(configOf({ ...open, mcpHost }))).not.toThrow();
  });
});
