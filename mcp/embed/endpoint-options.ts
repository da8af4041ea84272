import type { IncomingMessage } from 'node:http';
import type { HostOptions, OwnOptions } from '../../core/settings/host-options.ts';
import type { McpRuleInput } from '../../core/settings/mcp-access/mcp-rules.ts';
import type { CallerIdentity } from '../engine/connection.ts';
import type { Tool } from '../engine/define-tool.ts';
import type { Prompt } from '../reading/define-prompt.ts';
import type { Resource } from '../reading/define-resource.ts';

/**
 * Says who sends a request. The host checks a token or a session of its own here.
 * @param request the request without its body
 * @param incoming the same request in Node, with what the host's middleware added to it. Undefined if `fetch` received the request
 * @returns the caller; undefined for an unknown caller, who is a viewer; or a `Response` to refuse the request, such as one with 401
 */
export type CallerFrom = (
  request: Request,
  incoming: IncomingMessage | undefined,
) => CallerIdentity | Response | undefined | Promise<CallerIdentity | Response | undefined>;

type Granted = Readonly<Record<string, string | readonly string[]>>;

/** What `createMcpEndpoint` takes. */
export interface McpEndpointOptions extends HostOptions {
  /** Says who sends a request; it is called once for each. Default: every caller is a viewer, who may only read. */
  readonly callerFrom?: CallerFrom | undefined;
  /**
   * Issuer of the OAuth tokens that clients must send, written exactly as in their `iss`. It takes the place of `callerFrom` and needs
   * `mcpResource`. Default: clients send no tokens.
   */
  readonly mcpOauthIssuer?: string | undefined;
  /** Public URL of the endpoint, such as `https://api.example.com/mcp`: the audience of the tokens. Its host name is allowed. */
  readonly mcpResource?: string | undefined;
  /** Address of the keys that sign the tokens. Default: the metadata of the issuer names it. */
  readonly mcpOauthJwksUrl?: string | undefined;
  /** Algorithms with which tokens may be signed. Default: all of RS, PS, ES and EdDSA. */
  readonly mcpOauthAlgorithms?: readonly string[] | undefined;
  /** Longest lifetime of a token, in seconds. Default: 3600. */
  readonly mcpTokenMaxSeconds?: number | undefined;
  /** Scopes that a client without a token is told to ask for. None: the scopes that permit reading. Default: none. */
  readonly mcpOauthScopes?: readonly string[] | undefined;
  /** What scopes and claims of a token permit: a role or a list of permissions for each. */
  readonly mcpOauthPermissions?: { readonly scopes?: Granted; readonly claims?: Granted } | undefined;
  /** Tools of the host, beside the built-in tools. They are offered by default. */
  readonly tools?: readonly Tool[] | undefined;
  /** Resources of the host, beside the built-in resources. */
  readonly resources?: readonly Resource[] | undefined;
  /** Prompts of the host, beside the built-in prompts. */
  readonly prompts?: readonly Prompt[] | undefined;
  /** Host names that requests may use besides localhost, such as `['api.example.com']`. Default: none. */
  readonly mcpAllowedHosts?: readonly string[] | undefined;
  /** Host names of web pages whose scripts may call the endpoint, besides localhost. Default: none. */
  readonly mcpAllowedOrigins?: readonly string[] | undefined;
  /** True to give clients of the 2025 revision sessions. They live in this process. Default: false. */
  readonly mcpSessions?: boolean | undefined;
  /** Toolsets that are offered: `default`, `all` or names of toolsets. Default: `default`, and a header of the client may choose any. */
  readonly mcpToolsets?: readonly string[] | undefined;
  /** Single tools that are offered in addition to the toolsets. If no toolset is named, only these are offered. Default: none. */
  readonly mcpTools?: readonly string[] | undefined;
  /** Signs what clients carry for the server, at least 32 bytes. Give all processes the same key. Default: random for each endpoint. */
  readonly mcpStateKey?: string | undefined;
  /** Tools that nobody may use, even if another option offers them. Default: none. */
  readonly mcpToolsDeny?: readonly string[] | undefined;
  /** True to refuse every call that changes something. Default: false. */
  readonly mcpReadOnly?: boolean | undefined;
  /** True to let only admins and callers with a team change something. Default: false. */
  readonly mcpTeamsRequired?: boolean | undefined;
  /** Rules that limit which workflows, inputs and task domains callers reach. Default: none. */
  readonly mcpRules?: readonly McpRuleInput[] | undefined;
  /** Workflows that become tools; `*` matches any characters. Default: all workflows whose definition offers a tool. */
  readonly mcpWorkflowTools?: readonly string[] | undefined;
  /** Workflows that never become tools; `*` denies all. Default: none. */
  readonly mcpWorkflowToolsDeny?: readonly string[] | undefined;
  /** Largest number of workflows that become tools. Default: 20. */
  readonly mcpWorkflowToolsMost?: number | undefined;
  /** Largest number of requests per minute of each caller. Default: 1000. */
  readonly rateLimitRpm?: number | undefined;
  /** Requests of one caller that are accepted at once. Default: 50. */
  readonly rateLimitBurst?: number | undefined;
  /** Requests of one caller that are carried out at the same time. Default: 100. */
  readonly rateLimitConcurrent?: number | undefined;
  /** Redis in which several processes count the requests of a caller together. Default: each process counts alone. */
  readonly rateLimitRedisUrl?: string | undefined;
  /** Largest body of a request, in kilobytes. Default: 4096. */
  readonly mcpMaxBodyKb?: number | undefined;
  /** Longest time in which the body of a request must arrive, in milliseconds. Default: 30000. */
  readonly mcpReceiveTimeoutMs?: number | undefined;
  /** Largest answer of a tool, in kilobytes. Default: 100. */
  readonly maxResponseSizeKb?: number | undefined;
  /** True to record every request in an audit log. Default: false. */
  readonly mcpAudit?: boolean | undefined;
  /** Folder of the audit log. Default: `.fleet/audit` in the current folder. */
  readonly mcpAuditDir?: string | undefined;
  /** Model provider on the Conductor server, for tools that call a model. Default: none. */
  readonly llmProvider?: 'openai' | 'anthropic' | 'ollama' | undefined;
  /** The model of `llmProvider`. Default: the usual model of that provider. */
  readonly llmModel?: string | undefined;
}

export const OWN_OPTIONS: OwnOptions<McpEndpointOptions> = {
  callerFrom: true,
  mcpOauthIssuer: true,
  mcpResource: true,
  mcpOauthJwksUrl: true,
  mcpOauthAlgorithms: true,
  mcpTokenMaxSeconds: true,
  mcpOauthScopes: true,
  mcpOauthPermissions: true,
  tools: true,
  resources: true,
  prompts: true,
  mcpAllowedHosts: true,
  mcpAllowedOrigins: true,
  mcpSessions: true,
  mcpToolsets: true,
  mcpTools: true,
  mcpStateKey: true,
  mcpToolsDeny: true,
  mcpReadOnly: true,
  mcpTeamsRequired: true,
  mcpRules: true,
  mcpWorkflowTools: true,
  mcpWorkflowToolsDeny: true,
  mcpWorkflowToolsMost: true,
  rateLimitRpm: true,
  rateLimitBurst: true,
  rateLimitConcurrent: true,
  rateLimitRedisUrl: true,
  mcpMaxBodyKb: true,
  mcpReceiveTimeoutMs: true,
  maxResponseSizeKb: true,
  mcpAudit: true,
  mcpAuditDir: true,
  llmProvider: true,
  llmModel: true,
};
