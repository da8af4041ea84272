import { createRequire } from 'node:module';
import type { pino as Pino } from 'pino';
import type { Config } from './config.ts';
import { lazy } from './lazy.ts';

/** Logs one line: a text, with fields beside it. An error belongs in the field `err`. */
export interface Say {
  (fields: object, text?: string): void;
  (text: string): void;
}

/** From the most detailed to the most severe. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
/** The levels of log lines, from the most detailed to the most severe. */
export type LogLevel = (typeof LEVELS)[number];

/** Writes lines to the log of the process. It has a method for each level. */
export interface Logger extends Readonly<Record<LogLevel, Say>> {
  /** A logger whose lines also have these fields. */
  child(fields: object): Logger;
}

/** The values of these fields are never logged on the first two levels of a line. No line of ours has these fields on a deeper level. */
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
 * Creates the process's logger. It writes to stderr, because stdout belongs to results and to the MCP protocol. It writes readable lines to
 * a terminal and JSON lines elsewhere, unless `LOG_FORMAT` says otherwise.
 */
export function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>, name: string): Logger {
  return new LazyLogger(config.logLevel, () => {
    const pino = loadPino();
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
  });
}

/** A line of a log, sent to the thread that writes it. */
export interface LogMessage {
  what: 'log';
  level: LogLevel;
  fields: Record<string, unknown>;
  text: string;
}

/** A logger for a thread. It sends its lines to the main thread, whose logger knows the level, the common fields and what to redact. */
export function createForwarder(send: (message: LogMessage) => void): Logger {
  return new LazyLogger('trace', () =>
    loadPino()(
      { level: 'trace', base: null, timestamp: false, formatters: { level: (level) => ({ level }) } },
      {
        write(line: string) {
          const { level, msg = '', ...fields } = JSON.parse(line) as LogMessage & { msg?: string };
          send({ what: 'log', level, fields: fields as Record<string, unknown>, text: msg });
        },
      },
    ),
  );
}

/** Loads pino on demand, because loading takes 20 ms: a tenth of the time until `fleet mcp` answers. */
function loadPino(): typeof Pino {
  return createRequire(import.meta.url)('pino');
}

/** Makes the real logger only when there is something to write, so that a logger for each task costs next to nothing. */
class LazyLogger implements Logger {
  readonly #lowest: LogLevel | 'silent';
  readonly #load: () => Logger;

  constructor(lowest: LogLevel | 'silent', load: () => Logger) {
    this.#lowest = lowest;
    this.#load = lazy(load);
  }

  trace(fields: object | string, text?: string): void {
    this.#say('trace', fields, text);
  }
  debug(fields: object | string, text?: string): void {
    this.#say('debug', fields, text);
  }
  info(fields: object | string, text?: string): void {
    this.#say('info', fields, text);
  }
  warn(fields: object | string, text?: string): void {
    this.#say('warn', fields, text);
  }
  error(fields: object | string, text?: string): void {
    this.#say('error', fields, text);
  }
  fatal(fields: object | string, text?: string): void {
    this.#say('fatal', fields, text);
  }

  child(fields: object): Logger {
    return new LazyLogger(this.#lowest, () => this.#load().child(fields));
  }

  #say(level: LogLevel, fields: object | string, text?: string): void {
    if (this.#lowest === 'silent' || LEVELS.indexOf(level) < LEVELS.indexOf(this.#lowest)) return;
    if (typeof fields === 'string') this.#load()[level](fields);
    else this.#load()[level](fields, text);
  }
}

/** A logger that writes nothing, for code that gets no other logger, such as a handler in a unit test. */
export const silentLogger: Logger = new LazyLogger('silent', () => silentLogger);
