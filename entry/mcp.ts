/** `conductor-fleet/mcp`: the MCP server as handlers for an HTTP server of your own. Its tools are defined with `conductor-fleet`. */

export type { Environment } from '../core/config.ts';
export type { HostOptions } from '../core/settings/host-options.ts';
export type { Role } from '../mcp/admission/permissions.ts';
export { createMcpEndpoint, type McpEndpoint } from '../mcp/embed/create-mcp-endpoint.ts';
export type { CallerFrom, McpEndpointOptions } from '../mcp/embed/endpoint-options.ts';
export type { CallerIdentity } from '../mcp/engine/connection.ts';
