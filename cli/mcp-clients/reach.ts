import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Config } from '../../core/config.ts';
import { type Setting, type SettingName, settingList, settings } from '../../core/settings/settings.ts';
import { launcher } from '../installation.ts';
import { isProject } from '../project.ts';
import type { Reach } from './clients.ts';

/** Settings of the HTTP transport. A server over stdio does not use these settings. */
const OF_HTTP: readonly SettingName[] = [
  ...(['mcpTransport', 'mcpHost', 'mcpPort', 'mcpAllowedHosts', 'mcpAllowedOrigins', 'mcpUnauthenticated'] as const),
  ...(['mcpOauthIssuer', 'mcpResource', 'mcpOauthJwksUrl', 'mcpOauthAlgorithms', 'mcpTokenMaxSeconds'] as const),
  ...(['mcpOauthScopes', 'mcpOauthPermissions'] as const),
];

/** How a client starts the server over stdio, with the settings that differ from their defaults. */
export function stdioReach(config: Config): Reach {
  const env: Record<string, string> = {};
  const secrets: string[] = [];
  for (const [name, setting] of settingList) {
    if (!isNeeded(name, setting, config)) continue;
    if (setting.secret) secrets.push(setting.env);
    else env[setting.env] = textOf(name, config[name]);
  }
  return { transport: 'stdio', command: process.execPath, args: [launcher, 'mcp'], env, secrets };
}

type HttpConfig = Pick<Config, 'mcpHost' | 'mcpPort' | 'mcpResource' | 'mcpToolsets' | 'mcpTools'>;

/** How a client reaches the server at `url`, else at its public URL or the configured address. Headers carry the chosen toolsets and tools. */
export function httpReach(config: HttpConfig, url?: string): Reach {
  const { mcpHost, mcpPort, mcpResource, mcpToolsets, mcpTools } = config;
  const host = ['0.0.0.0', '::'].includes(mcpHost) ? '127.0.0.1' : mcpHost;
  const headers = {
    ...(mcpToolsets.length > 0 && { 'X-MCP-Toolsets': mcpToolsets.join(',') }),
    ...(mcpTools.length > 0 && { 'X-MCP-Tools': mcpTools.join(',') }),
  };
  return {
    transport: 'http',
    url: url ?? mcpResource ?? `http://${host.includes(':') ? `[${host}]` : host}:${mcpPort}/mcp`,
    ...(Object.keys(headers).length > 0 && { headers }),
  };
}

/**
 * Without a server address, the data folder leads to the embedded server. In a project it holds the audit log. The entry must then name this
 * folder, because a client starts programs in a folder of its own. For the same reason it names the folders of a project.
 */
function isNeeded(name: SettingName, setting: Setting, config: Config): boolean {
  if (name === 'dataDir') return config.conductorServerUrl === undefined || isProject(config);
  if (name === 'mcpDir' || name === 'tasksDir' || name === 'workflowsDir') {
    const folder = config[name];
    return folder !== undefined && existsSync(folder);
  }
  if (!['conductor', 'mcp', 'audit'].includes(setting.group) || OF_HTTP.includes(name)) return false;
  return JSON.stringify(config[name]) !== JSON.stringify(setting.schema.parse(undefined));
}

function textOf(name: SettingName, value: unknown): string {
  if (settings[name].kind === 'json') return JSON.stringify(value);
  if (Array.isArray(value)) return value.join(',');
  return /(Path|Dir)$/.test(name) ? resolve(String(value)) : String(value);
}
