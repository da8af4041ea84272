import type { Config } from '../../core/config.ts';
import { named } from '../../core/settings/named.ts';
import type { SettingName } from '../../core/settings/settings.ts';
import { quote } from '../shared/quote.ts';
import type { Arrival } from './node-handler.ts';
import { refusal } from './request-body.ts';

/** The names under which a browser on this machine reaches this machine. */
export const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

const LONGEST_QUOTE = 100;

type Allowed = Pick<Config, 'mcpAllowedHosts' | 'mcpAllowedOrigins'>;

/**
 * Makes the check that keeps web pages away: a page can reach a local server through its user's browser. Requests for loopback names pass,
 * and those for the configured names. Returns a refusal with 400 for a header that no client writes, and with 403 for all other names.
 * @param own the names of the addresses on which the server listens
 */
export function hostCheck({ mcpAllowedHosts, mcpAllowedOrigins }: Allowed, own: readonly string[] = []) {
  const hosts = new Set([...LOOPBACK, ...own, ...mcpAllowedHosts].map(normalized));
  const origins = new Set([...LOOPBACK, ...mcpAllowedOrigins].map(normalized));
  return ({ host, request }: Pick<Arrival, 'host' | 'request'>): Response | undefined => {
    if (!host) return malformed('the request has no Host header.');
    const name = hostnameOf(host);
    if (name === undefined) return malformed(`the Host header ${shown(host)} is not a host name with a port.`);
    if (!hosts.has(name)) return refused(`Invalid Host: ${shown(name)}`, 'mcpAllowedHosts');
    const origin = request.headers.get('origin');
    if (origin === null || origins.has(hostnameOfOrigin(origin) ?? '')) return undefined;
    return refused(`Invalid Origin: ${shown(origin)}`, 'mcpAllowedOrigins');
  };
}

/** The host name in a Host header. Undefined for anything that a URL would read as something else, such as `user@localhost` or `127.1`. */
export function hostnameOf(host: string): string | undefined {
  const url = URL.parse(`http://${host}`);
  return url && [url.host, `${url.host}:80`].includes(host.toLowerCase()) ? url.hostname : undefined;
}

/** The host name in the Origin of a web page. Undefined for `null`, for other schemes, and for anything that is more than an origin. */
function hostnameOfOrigin(origin: string): string | undefined {
  const [, host = ''] = /^https?:\/\/(.*)$/i.exec(origin) ?? [];
  return hostnameOf(host);
}

function normalized(name: string): string {
  return URL.parse(`http://${name}`)?.hostname ?? name.toLowerCase();
}

function shown(text: string): string {
  return quote(text, LONGEST_QUOTE);
}

export function malformed(message: string): Response {
  return refusal(400, -32600, `Bad Request: ${message}`);
}

function refused(message: string, setting: SettingName): Response {
  return refusal(403, -32000, `${message}. The person who runs this MCP server can allow it in ${named(setting)}.`);
}
