import { type SettingName, settings } from '../../core/settings/settings.ts';

/** The settings that a client asks the person for, each with the title of its field. A bundle has no other settings. */
const ASKED = {
  conductorServerUrl: 'Conductor server',
  conductorAuthKey: 'Key id',
  conductorAuthSecret: 'Secret',
  mcpToolsets: 'Toolsets',
  mcpRole: 'Role',
} as const satisfies Partial<Record<SettingName, string>>;

/** Values of the fields before the person changes them. A server with default settings listens at this address. */
const DEFAULTS: Partial<Record<SettingName, string>> = {
  conductorServerUrl: 'http://127.0.0.1:8080/api',
  mcpRole: 'admin',
};

/** The fields that the manifest takes from `package.json`. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly license: string;
  readonly author: { readonly name: string };
  readonly keywords: readonly string[];
}

/** The manifest of the bundle (MCPB 0.3): how to start the server, and which settings to ask the person for. */
export function manifestOf(about: PackageJson, tools: readonly { name: string; description: string }[]) {
  const { name, version, description, license, author, keywords } = about;
  const asked = Object.entries(ASKED).map(([setting, title]) => fieldOf(setting as keyof typeof ASKED, title));
  return {
    manifest_version: '0.3',
    name,
    display_name: 'Conductor Fleet',
    version,
    description,
    author,
    license,
    keywords,
    server: {
      type: 'node',
      entry_point: 'cli/fleet.js',
      mcp_config: {
        command: 'node',
        args: ['${__dirname}/cli/fleet.js', 'mcp'],
        env: Object.fromEntries(asked.map(({ key, env }) => [env, `\${user_config.${key}}`])),
      },
    },
    tools: tools.map((tool) => ({ name: tool.name, description: tool.description })),
    tools_generated: true,
    user_config: Object.fromEntries(asked.map(({ key, field }) => [key, field])),
    compatibility: { runtimes: { node: '>=24.0.0' } },
  };
}

/** If the person leaves a field empty, its environment variable is empty and counts as unset. */
function fieldOf(name: keyof typeof ASKED, title: string) {
  const { env, description, ...setting } = settings[name];
  const field = {
    type: 'string',
    title,
    description,
    required: name === 'conductorServerUrl',
    default: DEFAULTS[name] ?? '',
    ...('secret' in setting && { sensitive: true }),
  };
  return { key: env.toLowerCase(), env, field };
}
