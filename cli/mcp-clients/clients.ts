import { posix, win32 } from 'node:path';
import type { Environment } from '../../core/config.ts';

/** The clients that `fleet mcp install` knows. */
export const clientNames = ['claude-code', 'claude-desktop', 'cursor', 'vscode'] as const;
export type ClientName = (typeof clientNames)[number];

/** A configuration is for everyone who works in one folder (`project`), or for one person in all folders (`user`). */
export const scopes = ['project', 'user'] as const;
export type Scope = (typeof scopes)[number];

/** The MCP server as a client reaches it. */
export type Reach =
  | {
      readonly transport: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      /** Names of variables that hold secrets. A configuration holds their names, never their values. */
      readonly secrets: readonly string[];
    }
  | { readonly transport: 'http'; readonly url: string; readonly headers?: Readonly<Record<string, string>> };

/** The facts that decide where a configuration file is. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  readonly env: Environment;
}

export interface Client {
  readonly title: string;
  /** Name of the object in the client's file that holds the servers. */
  readonly section: 'mcpServers' | 'servers';
  /** The client's configuration files; the first scope is the default. */
  readonly files: Partial<Record<Scope, (machine: Machine) => string>>;
  /** The `type` beside an address. Undefined if the client needs no type, null if the client's file cannot hold an address. */
  readonly httpType: string | undefined | null;
  /** True if the client requires `type: "stdio"` beside a command. */
  readonly saysStdio: boolean;
  /** How the client's file refers to an environment variable. Absent if the file cannot refer to variables. */
  readonly variable?: (name: string) => string;
  /** What the person has to do next, as a sentence. */
  readonly next: string;
}

/** The format and the files of each client, as its vendor documents them. */
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
    next: 'Restart Claude Code and approve the server when it asks. `claude mcp list` then lists it.',
  },
  'claude-desktop': {
    title: 'Claude Desktop',
    section: 'mcpServers',
    files: { user: (machine) => inAppFolder(machine, 'Claude', 'claude_desktop_config.json') },
    httpType: null,
    saysStdio: false,
    next: 'Quit Claude Desktop and start it again. Settings > Developer then lists the server.',
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
    next: 'Switch the server on in the MCP settings of Cursor. If it is not listed there, restart Cursor.',
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

/** The value under the server's name in the client's file. @throws RangeError if the file cannot hold an address */
export function entryOf(client: Client, reach: Reach): Record<string, unknown> {
  if (reach.transport === 'http') {
    if (client.httpType === null) throw new RangeError(`The configuration of ${client.title} cannot hold an address.`);
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

/** The content of a configuration file that holds no other server. */
export function blockOf(client: Client, name: string, reach: Reach): Record<string, unknown> {
  return { [client.section]: { [name]: entryOf(client, reach) } };
}

/** The command that configures Claude Code. It contains no secrets, so the environment of Claude Code must hold them. */
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

/** A path in the folder where desktop programs keep their settings. */
function inAppFolder({ platform, home, env }: Machine, ...path: string[]): string {
  const { join } = pathOf(platform);
  if (platform === 'win32') return join(env.APPDATA || join(home, 'AppData', 'Roaming'), ...path);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', ...path);
  return join(env.XDG_CONFIG_HOME || join(home, '.config'), ...path);
}

function pathOf(platform: NodeJS.Platform): typeof posix {
  return platform === 'win32' ? win32 : posix;
}
