import { z } from 'zod';
import { port, positive, type Setting } from './setting.ts';

export const serverSettings = {
  dataDir: {
    kind: 'text',
    schema: z.string().min(1).default('.fleet'),
    group: 'server',
    env: 'FLEET_DIR',
    flag: '--data-dir <folder>',
    description: 'Folder of the embedded server: its SQLite file, its log and its process id.',
  },
  serverPort: {
    kind: 'number',
    schema: port.optional(),
    group: 'server',
    env: 'FLEET_SERVER_PORT',
    flag: '--server-port <port>',
    description: 'Port of the embedded server. Unset: 8080, or the next free port.',
  },
  serverMemory: {
    kind: 'text',
    schema: z
      .string()
      .regex(/^\d+[mg]$/i, 'must be a Java heap size such as 768m or 2g')
      .default('1g'),
    group: 'server',
    env: 'FLEET_SERVER_MEMORY',
    flag: '--server-memory <size>',
    description: 'Largest Java heap of the embedded server.',
  },
  serverSynchronous: {
    kind: 'text',
    schema: z.enum(['normal', 'full']).default('normal'),
    group: 'server',
    env: 'FLEET_SERVER_SYNCHRONOUS',
    flag: '--server-synchronous <mode>',
    description:
      "SQLite's `synchronous` mode on the embedded server. `normal`: nothing is lost when processes are killed, but a power cut may undo the last moments. `full`: a power cut undoes nothing, but every step waits for the disk.",
  },
  serverStartSeconds: {
    kind: 'number',
    schema: positive.max(3600).default(180),
    group: 'server',
    env: 'FLEET_SERVER_START_SECONDS',
    flag: '--server-start-seconds <s>',
    description: 'Longest time from the start of the embedded server to its first answer, in seconds.',
  },
  serverSecrets: {
    kind: 'boolean',
    schema: z.boolean().default(false),
    group: 'server',
    env: 'FLEET_SERVER_SECRETS',
    flag: '--server-secrets',
    description:
      'Switch on `${workflow.secrets.…}` and `${workflow.env.…}`. Off by default, because the server shows their values to everyone who can reach its port.',
  },
  conductorJar: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'server',
    env: 'CONDUCTOR_JAR',
    flag: '--jar <file>',
    description:
      'The boot jar of the Conductor server. Unset: the jar in the cache is used, else Maven fetches the jar, else the Docker image is used.',
  },
  conductorJarSha256: {
    kind: 'text',
    schema: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
      .optional(),
    group: 'server',
    env: 'CONDUCTOR_JAR_SHA256',
    flag: '--jar-sha256 <digits>',
    description: 'Checksum that the jar must have. Unset: the checksum of the pinned version.',
  },
  conductorJava: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'server',
    env: 'CONDUCTOR_JAVA',
    flag: '--java <file>',
    description:
      'The `java` program, version 21 or newer, that runs the server. Unset: the first suitable program that is found.',
  },
  javaHome: {
    kind: 'text',
    schema: z.string().optional(),
    group: 'server',
    env: 'JAVA_HOME',
    description: 'A Java installation. It is used if its version is 21 or newer.',
  },
  cacheDir: {
    kind: 'text',
    schema: z.string().min(1).optional(),
    group: 'server',
    env: 'FLEET_CACHE_DIR',
    flag: '--cache-dir <folder>',
    description: "Folder for downloaded servers and Java. Unset: `conductor-fleet` in the user's cache folder.",
  },
} as const satisfies Record<string, Setting>;
