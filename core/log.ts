import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

export type { Logger } from 'pino';

/** Names of fields whose values never reach a log, on the first two levels of a line; no line of ours goes deeper with them. */
const SECRET_FIELDS = [
  'authorization',
  'apiKey',
  'token',
  'secret',
  'password',
  'conductorAuthSecret',
  'openaiApiKey',
  'anthropicApiKey',
];

/**
 * The process's logger. It writes to stderr, because stdout belongs to results and to the MCP protocol:
 * JSON lines, or readable lines where stderr is a terminal (`LOG_FORMAT` overrides).
 */
export function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>, name: string): Logger {
  const pretty = config.logFormat === 'pretty' || (config.logFormat === 'auto' && process.stderr.isTTY);
  const options = {
    name,
    level: config.logLevel,
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
  };
  if (!pretty) return pino(options, pino.destination({ fd: 2, sync: true }));
  return pino({
    ...options,
    transport: {
      target: 'pino-pretty',
      options: { destination: 2, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' },
    },
  });
}

/** For code that is handed no logger, such as a handler under a unit test. */
export const silentLogger: Logger = pino({ level: 'silent' });
