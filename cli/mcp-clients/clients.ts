import { posix, win32 } from 'node:path';
import type { Environment } from '../../core/config.ts';

/** The clients that `fleet mcp install` knows. */
export const clientNames = ['claude-code', 'claude-desktop', 'cursor', 'vscode'] as const;
export type ClientName = (typeof clientNames)[number];

/** Whom a configuration is for: everybody who works in one folder, or one person in all folders. */
export const scopes = ['project', 'user'] as const;
export type Scope = (typeof scopes)[number];

/** The MCP server as a client reaches it. */
export type Reach =
  | {
      readonly transport: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      /** Names of variables that hold secrets: a client is told their names, never their values. */
      readonly secrets: readonly string[];
    }
  | { readonly transport: 'http'; readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** What a configuration file's place depends on. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  readonly env: Environment;
}

export interface Client {
  readonly title: string;
  /** The object in its file that holds the servers, by name. */
  readonly section: 'mcpServers' | 'servers';
  /** Its configuration files; the first scope is the default. */
  readonly files: Partial<Record<Scope, (machine: Machine) => string>>;
  /** Its word for an address, in `type`; absent where an address alone is enough, null where its file knows none. */
  readonly httpType: string | undefined | null;
  /** Whether it wants `type: "stdio"` beside a command. */
  readonly saysStdio: boolean;
  /** How its file refers to a variable of the environment; absent where it cannot. */
  readonly variable?: (name: string) => string;
  /** What the person does then, as a sentence. */
  readonly next: string;
}

/** Each client's format and places, from its vendor's reference of the configuration file. */
export const clients: Readonly<Record<ClientName, Client>> = {
  'claude-code': {
    title: 'Claude Code',
    section: 'mcpServers',
    files: {
      project: ({ cwd, platform }) => pathOf(platform).join(cwd, '.mcp.json'),
      user: ({ env, home, platform }) => pathOf(platform).join(env.CLAUDE_CONFIG_DIR || home, '.claude.json'),
    },
    httpType: 'http',
    saysStdio: true,
    variable: (name) => `\${${name}}`,
    next: 'Start Claude Code again and approve the server when it asks; `claude mcp list` shows it.',
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    section: 'mcpServers',
    files: { user: (machine) => inAppFolder(machine, 'Claude', 'claude_desktop_config.json') },
    httpType: null,
    saysStdio: false,
    next: 'Quit Claude Desktop and start it again; Settings > Developer shows the server.',
  },
  cursor: {
    title: 'Cursor',
    section: 'mcpServers',
    files: {
      project: ({ cwd, platform }) => pathOf(platform).join(cwd, '.cursor', 'mcp.json'),
      user: ({ home, platform }) => pathOf(platform).join(home, '.cursor', 'mcp.json'),
    },
    httpType: undefined,
    saysStdio: false,
    variable: (name) => `\${env:${name}}`,
    next: 'Switch the server on in the MCP settings of Cursor; restart Cursor if it is not listed.',
  },
  vscode: {
    title: 'VS Code',
    section: 'servers',
    files: {
      project: ({ cwd, platform }) => pathOf(platform).join(cwd, '.vscode', 'mcp.json'),
      user: (machine) => inAppFolder(machine, 'Code', 'User', 'mcp.json'),
    },
    httpType: 'http',
    saysStdio: true,
    variable: (name) => `\${env:${name}}`,
    next: 'Run "MCP: List Servers" in VS Code, choose the server and start it.',
  },
};

/** What stands under the server's name in the client's file. @throws RangeError if the client's file knows no addresses */
export function entryOf(client: Client, reach: Reach): Record<string, unknown> {
  if (reach.transport === 'http') {
    if (client.httpType === null) throw new RangeError(`${client.title} knows no addresses`);
    const { url, headers } = reach;
    return { ...(client.httpType !== undefined && { type: client.httpType }), url, ...(headers && { headers }) };
  }
  const { command, args, secrets } = reach;
  const { variable } = client;
  const named = variable ? Object.fromEntries(secrets.map((name) => [name, variable(name)])) : {};
  const env = { ...reach.env, ...named };
  return {
    ...(client.saysStdio && { type: 'stdio' }),
    command,
    args,
    ...(Object.keys(env).length > 0 && { env }),
  };
}

/** The whole file of somebody who has no other server. */
export function blockOf(client: Client, name: string, reach: Reach): Record<string, unknown> {
  return { [client.section]: { [name]: entryOf(client, reach) } };
}

/** The command that tells Claude Code the same. Secrets are left to the environment it is started in. */
export function claudeCommand(name: string, reach: Reach): string {
  if (reach.transport === 'http') {
    const headers = Object.entries(reach.headers ?? {}).flatMap(([key, value]) => ['--header', `${key}: ${value}`]);
    return ['claude', 'mcp', 'add', '--transport', 'http', name, reach.url, ...headers].map(shellWord).join(' ');
  }
  const variables = Object.entries(reach.env).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  return ['claude', 'mcp', 'add', name, ...variables, '--', reach.command, ...reach.args].map(shellWord).join(' ');
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** Where programs with windows keep their settings. */
function inAppFolder({ platform, home, env }: Machine, ...path: string[]): string {
  const { join } = pathOf(platform);
  if (platform === 'win32') return join(env.APPDATA || join(home, 'AppData', 'Roaming'), ...path);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', ...path);
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), ...path);
}

function pathOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}
