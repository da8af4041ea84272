import type { AuthInfo, McpRequestContext } from '@modelcontextprotocol/server';
import type { Config } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import type { Peer } from '../admission/audit.ts';
import { type Caller, callerOf, isAllowed, type Role, roles } from '../admission/permissions.ts';
import type { Subscribed } from '../subscriptions/subscribed.ts';
import { type Choice, choiceFrom } from './toolsets.ts';

/** What the server knows about the client of a connection. Over HTTP without a session, each request has a connection of its own. */
export interface Connection {
  readonly caller: Caller;
  readonly choice: Choice;
  readonly era: McpRequestContext['era'];
  /** How the client reached the server. */
  readonly peer: Peer;
  /** The subscriptions of an open connection of 2025. */
  readonly subscribed?: Subscribed;
}

/** What the transport knows about a request. */
export interface TransportContext extends McpRequestContext {
  /** The address of the client, or of the proxy before this server. Only the door of the HTTP server knows it. */
  readonly address?: string | undefined;
}

/** Makes the connection from the context that the transport gives. */
export type Connect = (context: TransportContext) => Connection;

export interface ConnectOptions {
  readonly config: Pick<Config, 'mcpToolsets' | 'mcpTools' | 'mcpRole' | 'mcpUser' | 'mcpTeam' | 'mcpOauthIssuer'>;
  /** Default: the caller of the token. Without OAuth and over stdio, every client is the user MCP_USER with the role MCP_ROLE. */
  readonly callerFrom?: (context: McpRequestContext) => Caller;
}

/** Only this function decides who the caller of a connection is. */
export function connector({ config, callerFrom }: ConnectOptions): Connect {
  const { mcpRole, mcpUser, mcpTeam } = config;
  const everyone = { ...callerOf(mcpRole, mcpUser), ...(mcpTeam !== undefined && { team: mcpTeam }) };
  const ofToken = ({ authInfo, requestInfo }: McpRequestContext) => {
    const caller = callerIn(authInfo);
    const needsToken = requestInfo !== undefined && config.mcpOauthIssuer !== undefined;
    if (!caller && needsToken) throw new Error('A request over HTTP came past the check of its token.');
    return caller ?? everyone;
  };
  return (context) => ({
    caller: (callerFrom ?? ofToken)(context),
    choice: choiceFrom(config, context.requestInfo?.headers),
    era: context.era,
    peer: { transport: context.requestInfo ? 'http' : 'stdio', era: context.era, address: context.address },
  });
}

/** Who a host says the caller of a request is. */
export interface CallerIdentity {
  /** Names the caller. A session of the 2025 revision belongs to one name. It ends for a caller who loses a permission. */
  readonly name: string;
  readonly role: Role;
  /** If set and the role is not admin, the caller may only change and start workflows whose name starts with `<team>_`. */
  readonly team?: string | undefined;
}

/** The name of every caller whom the host does not name. */
const ANONYMOUS = 'anonymous';

/**
 * The identity in the form in which the SDK hands it on to `callerFromAuth`, without reading it.
 * @throws FleetError `config` if the host returned something else than an identity
 */
export function authInfoOf(identity: CallerIdentity): AuthInfo {
  const { name, role, team } = identity;
  const isTeam = team === undefined || (typeof team === 'string' && team !== '');
  if (typeof name === 'string' && name !== '' && roles.includes(role) && isTeam)
    return authInfoOfCaller({ ...callerOf(role, name), knownBy: 'host', ...(team !== undefined && { team }) });
  throw new FleetError('config', `callerFrom returned ${JSON.stringify(identity)}, which is not a caller.`, {
    remedy: `Return { name, role } and perhaps a team, with one of the roles ${roles.join(', ')}, or undefined for a viewer.`,
  });
}

/** The caller in the form in which the SDK hands it on to `callerIn`, without reading it. */
export function authInfoOfCaller(caller: Caller): AuthInfo {
  return { token: '', clientId: caller.id, scopes: [], extra: { caller } };
}

/** The caller whom the door of the HTTP server has found. */
export function callerIn(authInfo: AuthInfo | undefined): Caller | undefined {
  return authInfo?.extra?.caller as Caller | undefined; // only `authInfoOfCaller` writes this field
}

/** The caller in an embedded server: a viewer, unless the host said who it is. */
export function callerFromAuth({ authInfo }: McpRequestContext): Caller {
  return callerIn(authInfo) ?? { ...callerOf('viewer', ANONYMOUS), knownBy: 'host' };
}

/**
 * True if a request of `caller` may continue what `earlier` began: it is the same caller, who may do at least the same. A client that gets
 * more scopes keeps its session. A session never shows what its caller may no longer see.
 */
export function mayContinue(earlier: Caller | undefined, caller: Caller | undefined): boolean {
  if (!earlier || !caller) return earlier === caller;
  const isSame = earlier.id === caller.id && earlier.knownBy === caller.knownBy && earlier.team === caller.team;
  return isSame && earlier.permissions.every((permission) => isAllowed(caller, permission));
}
