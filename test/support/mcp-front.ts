import { type Config, loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';
import { createAdmission } from '../../mcp/admission/admit.ts';
import { type Caller, callerOf } from '../../mcp/admission/permissions.ts';
import { readingOf } from '../../mcp/admission/subject.ts';
import { connector } from '../../mcp/engine/connection.ts';
import { createMcpServers, type Feature } from '../../mcp/engine/mcp-server.ts';
import { ChangeBus } from '../../mcp/subscriptions/change-bus.ts';
import { createSubscriptions } from '../../mcp/subscriptions/listen-admission.ts';
import { WATCHING, type WatchAdmission } from '../../mcp/subscriptions/watch-admission.ts';
import type { Tasks } from '../../mcp/tasks/task-methods.ts';
import type { McpFront } from '../../mcp/transports/mcp-front.ts';
import { freePort } from './free-port.ts';

/** The default settings with a free port for HTTP, and the changes of a test. */
export async function httpConfig(changes: Partial<Config> = {}): Promise<Config> {
  return loadConfig({ env: {}, options: { mcpPort: await freePort(), ...changes } }).config;
}

/** Serves the features of a test through admission, as the product does. By default a caller may only read. */
export function frontOf(
  features: readonly Feature[],
  { changes = new ChangeBus(), tasks, caller = callerOf('viewer') }: FrontParts = {},
): McpFront {
  const { config } = loadConfig({ env: {} });
  const limits = {
    ...config,
    ...{ rateLimitRpm: 1_000_000, rateLimitBurst: 50, rateLimitRedisUrl: undefined },
    rateLimitConcurrent: 1000,
    maxResponseSizeKb: 1000,
    ...{ mcpAudit: false, mcpAuditDir: undefined, mcpAuditDays: 90, mcpAuditSync: false, dataDir: '' },
  };
  const clock = { now: () => performance.now() };
  const { signal } = new AbortController();
  const { enter, turnAway } = createAdmission({ config: limits, log: silentLogger, ...clock, signal });
  const door = {
    enter,
    connect: connector({ config, callerFrom: () => caller }),
    watch: watchAnything,
    log: silentLogger,
  };
  return {
    ...createMcpServers({ ...door, features }),
    turnAway,
    subscriptions: createSubscriptions({ ...door, changes, ...(tasks && { tasks }) }),
  };
}

const watchAnything: WatchAdmission = {
  subjectOf: async (method) => readingOf(method, WATCHING),
  mustReach: async () => {},
};

interface FrontParts {
  readonly changes?: ChangeBus;
  readonly tasks?: Tasks;
  readonly caller?: Caller;
}
