import type { Config, Environment } from '../../config.ts';

/** The Java system property that identifies one start of a server. The server shows it in its configuration. */
export const INSTANCE_PROPERTY = 'fleet.instance';

/** Settings of the server that differ from its defaults. */
export interface PropertyOptions {
  /** Absolute path of the SQLite file, as the server sees it. */
  database: string;
  secrets: boolean;
  /** SQLite's `synchronous` mode for every connection. */
  synchronous: Config['serverSynchronous'];
  llmBaseUrl?: string | undefined;
}

/** Spring properties of the server, for a jar and for a container. Put no secret here, because the server shows all of them. */
export function serverProperties(options: PropertyOptions): Record<string, string> {
  const { database, secrets, synchronous, llmBaseUrl } = options;
  return {
    // The server sets `synchronous=NORMAL` itself, but on one connection of its pool only. Set here, it applies to all connections.
    'spring.datasource.url': `jdbc:sqlite:${database}?busy_timeout=15000&journal_mode=WAL&synchronous=${synchronous.toUpperCase()}`,
    // Elasticsearch does not run here, and its health indicator alone would make the server report DOWN.
    'management.health.elasticsearch.enabled': 'false',
    'conductor.app.summary-input-output-json-serialization.enabled': 'true',
    // The server postpones a task that is over its concurrency limit by this time. The default is a minute.
    'conductor.app.taskExecutionPostponeDuration': '2s',
    // The server sometimes loses a JOIN on this queue, and repairs this when it next checks the execution. This setting is the time until
    // that check. The default is 30 s.
    'conductor.app.workflowOffsetTimeout': '10s',
    // To remove an execution, the server uses up to ten threads. Each thread holds one connection and asks for another. With the default of
    // ten connections the whole server then stops for half a minute.
    'spring.datasource.hikari.maximum-pool-size': '16',
    // Every idle task type of every worker process keeps one of these threads in a long poll; the default is 200.
    'server.tomcat.threads.max': '400',
    ...(!secrets && { 'conductor.secrets.type': 'noop', 'conductor.environment.type': 'noop' }),
    ...(llmBaseUrl !== undefined && {
      'conductor.ai.litellm.api-key': 'scripted',
      'conductor.ai.litellm.base-url': llmBaseUrl,
    }),
  };
}

export interface JavaOptions {
  jar: string;
  memory: string;
  /** Arguments by which the process is recognised later. */
  marks: readonly string[];
  port: number;
  properties: Record<string, string>;
}

/** Arguments of the java program that runs the jar on the loopback address. Every user of the machine can read them. */
export function javaArguments({ jar, memory, marks, port, properties }: JavaOptions): string[] {
  return [
    `-Xmx${memory}`,
    '--enable-native-access=ALL-UNNAMED',
    ...marks,
    '-jar',
    jar,
    '--server.address=127.0.0.1',
    `--server.port=${port}`,
    ...Object.entries(properties).map(([name, value]) => `--${name}=${value}`),
  ];
}

/** The only variables of our environment that the server gets: Java and its network need them. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
  'TMPDIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'JAVA_TOOL_OPTIONS',
  'USERPROFILE',
  'SystemRoot',
  'TEMP',
  'TMP',
];

const SECRET_PREFIXES = ['CONDUCTOR_SECRET_', 'CONDUCTOR_ENV_'];

/** The whole environment of the server's java process. */
export function serverEnvironment(config: ProviderSettings, environment: Environment): Record<string, string> {
  return { ...javaEnvironment(environment), ...providerEnvironment(config, environment) };
}

/** The part of our environment that every java process gets. */
export function javaEnvironment(environment: Environment): Record<string, string> {
  const passedOn = defined(PASSED_ON.map((name) => [name, environment[name]]));
  const hasLocale = ['LANG', 'LC_ALL', 'LC_CTYPE'].some((name) => name in passedOn);
  return {
    ...passedOn,
    ...(!hasLocale && { LANG: 'C.UTF-8' }), // without a locale Java cannot read paths that are not plain ASCII
  };
}

type ProviderSettings = Pick<Config, 'openaiApiKey' | 'anthropicApiKey' | 'ollamaHost' | 'serverSecrets'>;

/** Keys of model providers. If secrets are switched on, also the values of `${workflow.secrets.…}` and `${workflow.env.…}`. */
export function providerEnvironment(config: ProviderSettings, environment: Environment): Record<string, string> {
  const secrets = Object.entries(environment).filter(([name]) =>
    SECRET_PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  return defined([
    ['OPENAI_API_KEY', config.openaiApiKey],
    ['ANTHROPIC_API_KEY', config.anthropicApiKey],
    ['OLLAMA_HOST', config.ollamaHost],
    ...(config.serverSecrets ? secrets : []),
  ]);
}

function defined(entries: (readonly [string, string | undefined])[]): Record<string, string> {
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
