import { z } from 'zod';
import type { Setting } from '../setting.ts';
import { mcpRules } from './mcp-rules.ts';

/** What callers of the MCP server may reach, beside their role. */
export const mcpAccessSettings = {
  mcpTeam: {
    kind: 'text',
    schema: z.string().min(1).max(100).optional(),
    group: 'mcp',
    env: 'MCP_TEAM',
    flag: '--team <name>',
    description:
      'Team of the caller MCP_USER, of letters, digits and `-`. Unless its role is admin, the caller may only change and start workflows whose name begins with the team and `_`: `shop_orders` for the team `shop`.',
  },
  mcpTeamsRequired: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'mcp',
    env: 'MCP_TEAMS_REQUIRED',
    flag: '--teams-required',
    description:
      'A caller without a team may only read, unless its role is admin. Off: no team means no limit by team.',
  },
  mcpReadOnly: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'mcp',
    env: 'MCP_READ_ONLY',
    flag: '--read-only',
    description: 'Refuse every call that changes something, also calls of admins.',
  },
  mcpToolsDeny: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_TOOLS_DENY',
    flag: '--tools-deny <names>',
    description:
      'Tools that nobody may use, separated by commas, even if another setting offers them. A resource, prompt or task method that does the work of such a tool is refused too. `MCP_WORKFLOW_TOOLS_DENY` names workflows that are tools.',
  },
  mcpRules: {
    kind: 'json',
    schema: mcpRules.default([]),
    group: 'mcp',
    env: 'MCP_RULES',
    description:
      'Rules that limit which workflows, inputs and task domains callers reach, as JSON: `[{"id":"operators-shop","for":{"role":"operator"},"permissions":["workflows:execute"],"workflows":["shop_*"]}]`. With `"deny":true` a rule refuses what fits it. `docs/adr/0033-reach.md` describes all fields.',
  },
} as const satisfies Record<string, Setting>;
