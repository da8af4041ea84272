import type { Config, Environment } from '../../config.ts';

/** Java's system property that names one start of a server; the server shows it in its configuration. */
export const INSTANCE_PROPERTY = 'fleet.instance';

/** What the server is told beside its defaults. */
export interface PropertyOptions {
  /** Absolute path of the SQLite file, as the server sees it. */
  database: string;
  secrets: boolean;
  /** SQLite's `synchronous` for every connection. */
  synchronous: Config['serverSynchronous'];
  llmBaseUrl?: string | undefined;
}

/** Spring properties of the server, the same for a jar and for a container. None is a secret: the server shows them all. */
export function serverProperties(options: PropertyOptions): Record<string, string> {
  const { database, secrets, synchronous, llmBaseUrl } = options;
  return {
    // The server sets `synchronous=NORMAL` itself, but on one connection of its pool only; what stands here holds for all.
    'spring.datasource.url': `jdbc:sqlite:${database}?busy_timeout=15000&journal_mode=WAL&synchronous=${synchronous.toUpperCase()}`,
    // There is no Elasticsearch here, and its indicator alone would make the server's own health DOWN.
    'management.health.elasticsearch.enabled': 'false',
    'conductor.app.summary-input-output-json-serialization.enabled': 'true',
    // A task over its concurrency limit is looked at again after this; the default is a minute.
    'conductor.app.taskExecutionPostponeDuration': '2s',
    // The server now and then loses a JOIN on this queue and repairs it when it next looks at the execution; the default is 30 s.
    'conductor.app.workflowOffsetTimeout': '10s',
    // Removing an execution takes its tasks out of the index in up to ten threads, each of which holds one connection and asks for another.
    // With the default of ten connections the whole server then stands still for half a minute.
    'spring.datasource.hikari.maximum-pool-size': '16',
    // Every idle task type of every worker process holds one of its threads in a long poll; the default is 200.
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
  /** Arguments by which the process is known again. */
  marks: readonly string[];
  port: number;
  properties: Record<string, string>;
}

/** Arguments of the java program that runs the jar on the loopback address. Everybody on the machine can read them. */
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

/** Variables the server gets from ours as they are: what Java and its network need, nothing else. */
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

/** The whole environment of a jar's process. */
export function serverEnvironment(config: ProviderSettings, environment: Environment): Record<string, string> {
  return { ...javaEnvironment(environment), ...providerEnvironment(config, environment) };
}

/** What any Java gets of ours. */
export function javaEnvironment(environment: Environment): Record<string, string> {
  const passedOn = defined(PASSED_ON.map((name) => [name, environment[name]]));
  const hasLocale = ['LANG', 'LC_ALL', 'LC_CTYPE'].some((name) => name in passedOn);
  return {
    ...passedOn,
    ...(!hasLocale && { LANG: 'C.UTF-8' }), // without one Java cannot read a path that is not plain ASCII
  };
}

type ProviderSettings = Pick<Config, 'openaiApiKey' | 'anthropicApiKey' | 'ollamaHost' | 'serverSecrets'>;

/** Keys of model providers, and the values of `${workflow.secrets.…}` and `${workflow.env.…}` where these are switched on. */
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
