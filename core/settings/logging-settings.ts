import { z } from 'zod';
import type { Setting } from './setting.ts';

export const loggingSettings = {
  logLevel: {
    kind: 'text',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    group: 'logging',
    env: 'LOG_LEVEL',
    flag: '--log-level <level>',
    description: 'Lines of this level and of more severe levels are logged.',
  },
  logFormat: {
    kind: 'text',
    schema: z.enum(['auto', 'json', 'pretty']).default('auto'),
    group: 'logging',
    env: 'LOG_FORMAT',
    flag: '--log-format <format>',
    description: '`auto`: readable lines on a terminal, JSON elsewhere.',
  },
} as const satisfies Record<string, Setting>;
