import { z } from 'zod';
import { port, positive, type Setting } from './setting.ts';

export const mcpSettings = {
  mcpTransport: {
    kind: 'text',
    schema: z.enum(['stdio', 'http']).default('stdio'),
    group: 'mcp',
    env: 'MCP_TRANSPORT',
    flag: '--transport <stdio|http>',
    description: 'How MCP clients reach the server.',
  },
  mcpPort: {
    kind: 'number',
    schema: port.default(3000),
    group: 'mcp',
    env: 'MCP_PORT',
    flag: '--port <port>',
    description: 'Port of the HTTP transport.',
  },
  mcpHost: {
    kind: 'text',
    schema: z.string().min(1).default('127.0.0.1'),
    group: 'mcp',
    env: 'MCP_HOST',
    flag: '--host <host>',
    description: 'Address the HTTP transport listens on. Anything but loopback needs a guard in front of it.',
  },
  mcpAllowedHosts: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_ALLOWED_HOSTS',
    flag: '--allowed-hosts <names>',
    description: 'Host names a request may carry beside localhost, separated by commas.',
  },
  mcpAllowedOrigins: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_ALLOWED_ORIGINS',
    flag: '--allowed-origins <names>',
    description: 'Host names of web pages whose scripts may call the server beside localhost, separated by commas.',
  },
  mcpSessions: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'mcp',
    env: 'MCP_SESSIONS',
    flag: '--sessions',
    description:
      'Clients of the 2025 revision get a session over HTTP: they can be asked, told of changes, and resume a stream. It lives in one process; a balancer in front of several must send each `Mcp-Session-Id` to the process that opened it. Later revisions need none.',
  },
  mcpToolsets: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_TOOLSETS',
    flag: '--toolsets <names>',
    description:
      'Which tools are offered, separated by commas: `default`, `all`, or workflows, executions, operate, author, approvals, queues, schedules, agents, api. Over HTTP a client may choose among them with the header `X-MCP-Toolsets`. Unset: `default`, and a header may choose any.',
  },
  mcpTools: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_TOOLS',
    flag: '--tools <names>',
    description:
      'Single tools that are offered beside the toolsets, separated by commas; alone if no toolset is named. The header is `X-MCP-Tools`.',
  },
  mcpRole: {
    kind: 'text',
    schema: z.enum(['viewer', 'operator', 'admin']).default('admin'),
    group: 'mcp',
    env: 'MCP_ROLE',
    flag: '--role <viewer|operator|admin>',
    description:
      'What callers may do: viewer reads, operator also runs and steers executions, admin also changes definitions. Checked at every call.',
  },
  mcpWorkflowTools: {
    kind: 'list',
    schema: z.array(z.string().min(1).max(255)).default([]),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS',
    flag: '--workflow-tools <names>',
    description:
      'Workflows that are tools of their own, separated by commas, `*` for any characters. Unset: all that their definition offers (`mcp` in `defineWorkflow`).',
  },
  mcpWorkflowToolsDeny: {
    kind: 'list',
    schema: z.array(z.string().min(1).max(255)).default([]),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS_DENY',
    flag: '--workflow-tools-deny <names>',
    description: 'Workflows that are never tools, whatever allows them; `*` denies all.',
  },
  mcpWorkflowToolsMost: {
    kind: 'number',
    schema: z.int().min(0).max(200).default(20),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS_MOST',
    flag: '--workflow-tools-most <n>',
    description: 'At most so many workflows are tools; `execute_workflow` runs the others.',
  },
  rateLimitRpm: {
    kind: 'number',
    schema: positive.max(1_000_000).default(1000),
    group: 'mcp',
    env: 'RATE_LIMIT_RPM',
    flag: '--rate-limit-rpm <n>',
    description: 'Requests a minute; a burst of 50 is accepted at once.',
  },
  maxResponseSizeKb: {
    kind: 'number',
    schema: z.int().min(8).max(10_000).default(100),
    group: 'mcp',
    env: 'MAX_RESPONSE_SIZE_KB',
    flag: '--max-response-size-kb <n>',
    description: 'Largest answer of a tool, in kilobytes.',
  },
} as const satisfies Record<string, Setting>;
