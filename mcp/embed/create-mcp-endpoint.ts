import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { lazy } from '../../core/lazy.ts';
import { type Logger, silentLogger } from '../../core/log.ts';
import { configOfHost, type HostedConfig } from '../../core/settings/host-options.ts';
import { Leases } from '../agents/leases.ts';
import { type TokenDoor, tokenDoor } from '../auth/token-door.ts';
import { authInfoOf, callerFromAuth } from '../engine/connection.ts';
import type { Tool } from '../engine/define-tool.ts';
import { checkChoice } from '../engine/toolsets.ts';
import { buildFront } from '../front/build-front.ts';
import { promptsWith, resourcesWith, toolsWith } from '../front/content.ts';
import type { Prompt } from '../reading/define-prompt.ts';
import type { Resource } from '../reading/define-resource.ts';
import { type BothEras, serveBothEras } from '../transports/both-eras.ts';
import { answerCaller, answerMcp } from '../transports/door/answer-mcp.ts';
import { refuseWithStatus } from '../transports/door/refuse-with-status.ts';
import { hostCheck } from '../transports/host-check.ts';
import type { McpFront } from '../transports/mcp-front.ts';
import { type Arrival, nodeHandler } from '../transports/node-handler.ts';
import { bodyLimits, refusal } from '../transports/request-body.ts';
import { CALL_ENDED } from '../transports/stateless.ts';
import { webHandler } from '../transports/web-handler.ts';
import { type CallerFrom, type McpEndpointOptions, OWN_OPTIONS } from './endpoint-options.ts';

const AUDIT_DIR = join('.fleet', 'audit');

/** The MCP server as handlers for an HTTP server of the host. The host decides the path. Both handlers work without their object. */
export interface McpEndpoint {
  /**
   * Answers a web-standard request whose body has not been read. Never rejects. A body above `mcpMaxBodyKb` (4 MB) gets a 413.
   * @example export const POST = mcp.fetch
   */
  readonly fetch: (request: Request) => Promise<Response>;
  /**
   * Answers a request of Node's HTTP server. Never rejects. A body that `express.json()` has read before is used from `incoming.body`.
   * @example app.all('/mcp', mcp.node)
   */
  readonly node: (incoming: IncomingMessage, response: ServerResponse) => Promise<void>;
  /** Ends every session, stream and running call, and the connection to the Conductor server. Later requests get a 503. */
  close(): Promise<void>;
}

/**
 * Builds the MCP server for an HTTP server of the host. It listens on no port, installs no signal handler and never ends the process. A
 * caller is a viewer, who may only read, unless `callerFrom` says who it is. With `mcpOauthIssuer`, the token of a request says it.
 * @example
 *   const mcp = await createMcpEndpoint({ conductorServerUrl: 'http://127.0.0.1:8080/api' });
 *   createServer((request, response) => mcp.node(request, response)).listen(3000);
 * @throws FleetError `config` if an option is wrong, or if a tool, resource or prompt has the name of another
 */
export async function createMcpEndpoint(options: McpEndpointOptions): Promise<McpEndpoint> {
  // A host's process writes no files that the host did not ask for.
  const asked = { mcpAudit: false, ...options, mcpAuditDir: options.mcpAuditDir ?? AUDIT_DIR };
  const { config, notices } = configOfHost('createMcpEndpoint', asked, OWN_OPTIONS);
  const { log = silentLogger, callerFrom } = options;
  const [tools, resources, prompts] = await Promise.all([
    toolsWith(options.tools),
    resourcesWith(options.resources),
    promptsWith(options.prompts),
  ]);
  checkChoice(config, tools);
  for (const notice of notices) log.info(notice);
  const tokens = tokenDoor(config, log);
  if (tokens && callerFrom) throw twoWays();
  const served = serve({ config, log, tokens }, { tools, resources, prompts });
  const answer = door({ config, callerFrom, served, tokens });
  const onerror = (err: unknown) => log.error({ err }, `MCP request failed: ${messageOf(err)}`);
  const limits = bodyLimits(config);
  return {
    fetch: webHandler(answer, onerror, limits),
    node: nodeHandler(answer, onerror, limits),
    close: served.close,
  };
}

interface Served {
  fetch: BothEras['fetch'];
  turnAway: McpFront['turnAway'];
  isClosed(): boolean;
  close(): Promise<void>;
}

interface Content {
  readonly tools: readonly Tool[];
  readonly resources: readonly Resource[];
  readonly prompts: readonly Prompt[];
}

/** Everything behind the door: the MCP server of both eras, and what it holds until it is closed. */
function serve(
  { config, log, tokens }: { config: HostedConfig; log: Logger; tokens: TokenDoor | undefined },
  content: Content,
): Served {
  const ended = new AbortController();
  const api = lazy(() => createConductor(createCaller(config)));
  const conductor = async () => api();
  const leases = new Leases({ conductor, log });
  const front = buildFront({
    ...{ config, log, conductor, leases, signal: ended.signal, callerFrom: callerFromAuth },
    tools: async () => content.tools,
    resources: async () => content.resources,
    prompts: async () => content.prompts,
    ours: async () => [],
  });
  const eras = serveBothEras({
    ...front,
    sessions: config.mcpSessions,
    refuse: refuseWithStatus({ log, challenge: tokens?.challenge }),
    maxBodyBytes: config.mcpMaxBodyKb * 1024,
    onerror: (err) => log.debug({ err }, 'MCP request'),
  });
  const close = lazy(async () => {
    ended.abort();
    await eras.close();
    await leases.close({ giveBack: false }); // the agents may continue through another process
    api().close();
  });
  front.warmUp?.();
  return { fetch: eras.fetch, turnAway: front.turnAway, isClosed: () => ended.signal.aborted, close };
}

interface Door {
  readonly config: HostedConfig;
  readonly callerFrom: CallerFrom | undefined;
  readonly served: Served;
  readonly tokens: TokenDoor | undefined;
}

/** What every request passes first: the check of its Host and Origin, then the question who sends it, then the limits of its body. */
function door({ config, callerFrom, served, tokens }: Door) {
  const check = hostCheck(config, tokens?.hosts);
  return async (arrival: Arrival): Promise<Response> => {
    const { request, incoming } = arrival;
    if (served.isClosed()) return closed();
    const refused = check(arrival);
    if (refused) return refused;
    const metadata = tokens?.metadata(request);
    if (metadata) return metadata;
    const who = await callerFrom?.(request, incoming);
    if (who instanceof Response) return who;
    const answer = tokens
      ? await answerMcp(withOwnHeaders(arrival), { tokens, mcp: served, turnAway: served.turnAway })
      : await answerCaller(arrival, who && authInfoOf(who), served);
    return answer.status === CALL_ENDED && served.isClosed() ? closed() : answer;
  };
}

/** The token is taken out of the headers. Some servers do not allow a change of the headers of a request. */
function withOwnHeaders(arrival: Arrival): Arrival {
  const { url, method, headers, signal } = arrival.request;
  return { ...arrival, request: new Request(url, { method, headers, signal }) };
}

function twoWays(): FleetError {
  return new FleetError('config', 'Both mcpOauthIssuer and callerFrom say who calls.', {
    remedy: 'Leave out callerFrom to take the caller from the token. Or leave out mcpOauthIssuer and mcpResource.',
  });
}

const closed = () => refusal(503, -32000, 'This MCP endpoint has been closed.');
