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

/** A line of a log on its way to the thread that writes it. */
export interface LogMessage {
  what: 'log';
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
  fields: Record<string, unknown>;
  text: string;
}

/** A logger for a thread, which hands its lines to another one: that one knows the level, the fields and what to redact. */
export function createForwarder(send: (message: LogMessage) => void): Logger {
  return pino(
    { level: 'trace', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
    {
      write(line: string) {
        const { level, msg = '', ...fields } = JSON.parse(line) as LogMessage & { msg?: string };
        send({ what: 'log', level, fields: fields as Record<string, unknown>, text: msg });
      },
    },
  );
}
