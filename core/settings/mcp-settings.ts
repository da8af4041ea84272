import { z } from 'zod';
import { roleNames } from './mcp-access/names.ts';
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
    description:
      'Address on which the HTTP transport listens. An address other than loopback needs OAuth (`MCP_OAUTH_ISSUER`), because without it every client has the role `MCP_ROLE`.',
  },
  mcpAllowedHosts: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_ALLOWED_HOSTS',
    flag: '--allowed-hosts <names>',
    description: 'Host names that requests may use besides localhost, separated by commas.',
  },
  mcpAllowedOrigins: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_ALLOWED_ORIGINS',
    flag: '--allowed-origins <names>',
    description: 'Host names of web pages whose scripts may call the server, besides localhost, separated by commas.',
  },
  mcpSessions: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'mcp',
    env: 'MCP_SESSIONS',
    flag: '--sessions',
    description:
      'Give clients of the 2025 revision a session over HTTP, so that they get elicitations and notifications and can resume a stream. A session lives in one process: a load balancer must send each `Mcp-Session-Id` to the process that opened it. Later revisions need no session.',
  },
  mcpToolsets: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_TOOLSETS',
    flag: '--toolsets <names>',
    description:
      'Toolsets that are offered, separated by commas: `default`, `all`, or workflows, executions, operate, author, approvals, queues, schedules, agents, api. Over HTTP a client may choose among them with the header `X-MCP-Toolsets`. Unset: `default`, and the header may choose any toolset.',
  },
  mcpTools: {
    kind: 'list',
    schema: z.array(z.string().min(1)).default([]),
    group: 'mcp',
    env: 'MCP_TOOLS',
    flag: '--tools <names>',
    description:
      'Single tools that are offered in addition to the toolsets, separated by commas. If no toolset is named, only these tools are offered. The header is `X-MCP-Tools`.',
  },
  mcpRole: {
    kind: 'text',
    schema: z.enum(roleNames).default('admin'),
    group: 'mcp',
    env: 'MCP_ROLE',
    flag: '--role <viewer|operator|admin>',
    description:
      'What callers may do, checked at every call. A viewer reads; an operator also runs and steers executions and decides approvals; an admin also changes definitions. With OAuth, the token decides instead.',
  },
  mcpStateKey: {
    kind: 'text',
    schema: z
      .string()
      .refine((key) => Buffer.byteLength(key) >= 32, 'must be at least 32 bytes long')
      .optional(),
    group: 'mcp',
    env: 'MCP_STATE_KEY',
    secret: true,
    description:
      'Signs what clients carry for the server: claims of tasks, questions to a person, and confirmations of bulk calls. All processes behind one address need the same key; make one with `openssl rand -base64 32`. Unset: each process makes a random key, so these texts are valid only in the process that made them and until it ends.',
  },
  mcpWorkflowTools: {
    kind: 'list',
    schema: z.array(z.string().min(1).max(255)).default([]),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS',
    flag: '--workflow-tools <names>',
    description:
      'Workflows that become tools of their own, separated by commas; `*` matches any characters. Unset: all workflows whose definition offers a tool (`mcp` in `defineWorkflow`).',
  },
  mcpWorkflowToolsDeny: {
    kind: 'list',
    schema: z.array(z.string().min(1).max(255)).default([]),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS_DENY',
    flag: '--workflow-tools-deny <names>',
    description:
      'Workflows that never become tools, even if another setting or their definition allows it; `*` denies all.',
  },
  mcpWorkflowToolsMost: {
    kind: 'number',
    schema: z.int().min(0).max(200).default(20),
    group: 'mcp',
    env: 'MCP_WORKFLOW_TOOLS_MOST',
    flag: '--workflow-tools-most <n>',
    description: 'Largest number of workflows that become tools. `execute_workflow` runs the others.',
  },
  rateLimitRpm: {
    kind: 'number',
    schema: positive.max(1_000_000).default(1000),
    group: 'mcp',
    env: 'RATE_LIMIT_RPM',
    flag: '--rate-limit-rpm <n>',
    description:
      'Largest number of requests per minute of each caller. A call that can reach systems beyond Conductor counts as two requests.',
  },
  rateLimitBurst: {
    kind: 'number',
    schema: positive.max(100_000).default(50),
    group: 'mcp',
    env: 'RATE_LIMIT_BURST',
    flag: '--rate-limit-burst <n>',
    description:
      'Requests of one caller that are accepted at once. They are part of `RATE_LIMIT_RPM`. If a second of `RATE_LIMIT_RPM` has more requests, that number is accepted.',
  },
  rateLimitConcurrent: {
    kind: 'number',
    schema: positive.max(100_000).default(100),
    group: 'mcp',
    env: 'RATE_LIMIT_CONCURRENT',
    flag: '--rate-limit-concurrent <n>',
    description:
      'Requests of one caller that each process carries out at the same time. Calls that wait for an execution count until they answer; open subscriptions do not count.',
  },
  rateLimitRedisUrl: {
    kind: 'text',
    schema: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// address' }).optional(),
    group: 'mcp',
    env: 'RATE_LIMIT_REDIS_URL',
    secret: true,
    description:
      'Redis in which several processes count the requests of a caller together, e.g. `redis://:password@host:6379`. Unset, or while Redis is lost: each process counts alone, so n processes accept n times the limit.',
  },
  mcpMaxBodyKb: {
    kind: 'number',
    schema: z.int().min(64).max(100_000).default(4096),
    group: 'mcp',
    env: 'MCP_MAX_BODY_KB',
    flag: '--max-body-kb <n>',
    description:
      'Largest request, in kilobytes: a body over HTTP, a line over stdio. Bodies that are being read hold at most 8 times as much together; more of them get a 503 with Retry-After.',
  },
  mcpReceiveTimeoutMs: {
    kind: 'number',
    schema: z.int().min(1000).max(3_600_000).default(30_000),
    group: 'mcp',
    env: 'MCP_RECEIVE_TIMEOUT_MS',
    flag: '--receive-timeout-ms <ms>',
    description:
      'Longest time in which the body of a request must arrive over HTTP, in milliseconds. Headers must arrive within 10 seconds, or within this time if it is shorter.',
  },
  mcpMaxConnections: {
    kind: 'number',
    schema: positive.max(1_000_000).default(2000),
    group: 'mcp',
    env: 'MCP_MAX_CONNECTIONS',
    flag: '--max-connections <n>',
    description:
      'Largest number of open connections over HTTP. A further one closes the connection that has waited longest for a request.',
  },
  mcpConsole: {
    kind: 'boolean',
    schema: z.boolean().default(true),
    group: 'mcp',
    env: 'MCP_CONSOLE',
    flag: '--console <on|off>',
    description:
      'Serve the console, a web page for people, at `/` of the HTTP transport. Its users have the same permissions and limits as MCP clients.',
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
