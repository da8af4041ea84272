import { z } from 'zod';
import { named } from '../../core/settings/named.ts';
import { type Caller, ROLE_SETTING } from '../admission/permissions.ts';
import { defineTool, type ToolOffer } from '../engine/define-tool.ts';
import { toolsets } from '../engine/toolsets.ts';
import { jsonObject } from '../shared/fields.ts';

export default defineTool({
  name: 'get_my_permissions',
  title: 'What I may do',
  description:
    'What you are allowed to do here: who you are, your role and rights (permissions), your limits, which tools you have, which not and why, and which Conductor server this is. Use it when something was refused (denied) or a tool is missing.',
  toolset: 'api',
  permission: 'workflows:read',
  annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({}),
  output: z.object({
    caller: z.string(),
    /** `token`, `host` or `configuration`. */
    knownBy: z.string(),
    role: z.string(),
    team: z.string().optional(),
    permissions: z.array(z.string()),
    /** What limits the permissions, one sentence each. */
    limits: z.array(z.string()),
    tools: z.array(z.string()),
    /** Why each tool is withheld. */
    withheld: jsonObject,
    server: z.string(),
  }),
}).handler(async (_, { caller, conductor, allows, limits, tools }) => {
  const all = await tools();
  // A token can permit less than its role, so the role says nothing about it.
  const source = caller.knownBy === 'token' ? 'the token' : `the role ${caller.role}`;
  const reasonOf = ({ toolset, permission, isOn, withheldBy }: ToolOffer): string | undefined => {
    if (!allows(permission)) return `${source} lacks ${permission}`;
    if (withheldBy) return `the setting ${withheldBy} withholds it`;
    return isOn ? undefined : `the toolset ${toolset} is off`;
  };
  const withheld = all.flatMap((tool) => {
    const reason = reasonOf(tool);
    return reason === undefined ? [] : [{ name: tool.name, reason }];
  });
  const mine = all.filter((tool) => reasonOf(tool) === undefined);
  const server = addressOf(conductor.serverUrl);
  const lines = [
    `You are ${caller.name}, role ${caller.role}${caller.team === undefined ? '' : `, team ${caller.team}`}: ${caller.permissions.join(', ')}.`,
    KNOWN_BY[caller.knownBy],
    ...(limits.length > 0 ? ['These limits hold for you:', ...limits] : ['No further limits hold for you.']),
    `Conductor server: ${server}`,
    'Tools by toolset:',
    ...toolsets.flatMap((toolset) => {
      const names = mine.filter((tool) => tool.toolset === toolset).map(({ name }) => name);
      return names.length > 0 ? [`${toolset} | ${names.join(', ')}`] : [];
    }),
    ...byReason(withheld),
    ...(withheld.length > 0
      ? [
          `The person who runs this MCP server can change that: ${named('mcpToolsets')} switches tools on. ${WHO_DECIDES[caller.knownBy]}`,
        ]
      : []),
  ];
  return {
    text: lines.join('\n'),
    structured: {
      caller: caller.name,
      knownBy: caller.knownBy,
      role: caller.role,
      ...(caller.team !== undefined && { team: caller.team }),
      permissions: [...caller.permissions],
      limits: [...limits],
      tools: mine.map(({ name }) => name),
      withheld: Object.fromEntries(withheld.map(({ name, reason }) => [name, reason])),
      server,
    },
  };
});

/** How this server knows who calls, for a person. */
const KNOWN_BY: Record<Caller['knownBy'], string> = {
  token: 'The server has checked the token that says so.',
  host: 'The program that embeds this MCP server says so.',
  configuration: 'The configuration of this MCP server says so. It has not checked who you are.',
};

interface Withheld {
  readonly name: string;
  readonly reason: string;
}

function byReason(withheld: readonly Withheld[]): string[] {
  const reasons = [...new Set(withheld.map(({ reason }) => reason))];
  return reasons.map((reason) => {
    const names = withheld.filter((one) => one.reason === reason).map(({ name }) => name);
    return `Not offered, because ${reason}: ${names.join(', ')}`;
  });
}

const WHO_DECIDES: Readonly<Record<Caller['knownBy'], string>> = {
  token: 'The token decides the permissions.',
  host: 'The program that embeds this MCP server decides the role.',
  configuration: `${ROLE_SETTING} decides the role.`,
};

/** The server's address without credentials. */
function addressOf(serverUrl: string): string {
  const url = new URL(serverUrl);
  url.username = '';
  url.password = '';
  url.search = '';
  return url.href;
}
