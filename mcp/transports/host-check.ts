import { validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server';
import type { Config } from '../../core/config.ts';
import type { Arrival } from './node-handler.ts';
import { refusal } from './request-body.ts';

/** The names under which a browser on this machine reaches this machine. */
export const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

type Allowed = Pick<Config, 'mcpAllowedHosts' | 'mcpAllowedOrigins'>;

/**
 * Makes the check that keeps web pages away: a page can reach a local server through its user's browser. Requests for loopback names pass,
 * and those for the configured names. Returns a refusal with 403 for all others.
 * @param own the names of the addresses on which the server listens
 */
export function hostCheck({ mcpAllowedHosts, mcpAllowedOrigins }: Allowed, own: readonly string[] = []) {
  const hosts = [...LOOPBACK, ...own, ...mcpAllowedHosts];
  const origins = [...LOOPBACK, ...mcpAllowedOrigins];
  return ({ host, request }: Pick<Arrival, 'host' | 'request'>): Response | undefined => {
    const named = validateHostHeader(host, hosts);
    if (!named.ok) return refused(named.message, 'mcpAllowedHosts (MCP_ALLOWED_HOSTS)');
    const origin = validateOriginHeader(request.headers.get('origin'), origins);
    return origin.ok ? undefined : refused(origin.message, 'mcpAllowedOrigins (MCP_ALLOWED_ORIGINS)');
  };
}

function refused(message: string, setting: string): Response {
  return refusal(
    403,
    -32000,
    `${message.replace(/\.$/, '')}. The person who runs this MCP server can allow it in ${setting}.`,
  );
}
