import { parseArgs } from 'node:util';
import { note, print } from './output.ts';

export interface Flag {
  /** Placeholder for the value in the help text. A flag without a placeholder takes no value: it is on or off. */
  value?: string;
  help: string;
  default?: string;
}

/**
 * Reads the command line of a bench. `--help` prints all flags and ends the process. An unknown flag also ends the process.
 * A flag without a default is undefined unless the user gives it.
 */
export function readFlags<N extends string>(
  what: string,
  flags: Record<N, Flag>,
): {
  text(name: N): string | undefined;
  number(name: N): number;
  list(name: N): string[] | undefined;
  on(name: N): boolean;
} {
  const options = Object.fromEntries(
    Object.entries<Flag>(flags).map(([name, flag]) => [name, { type: flag.value ? 'string' : 'boolean' } as const]),
  );
  const values = parse({ ...options, help: { type: 'boolean' } });
  if (values.help) {
    print(
      `${what}\n\n${Object.entries<Flag>(flags).map(helpLine).join('\n')}\n${helpLine(['help', { help: 'show this' }])}`,
    );
    process.exit(0);
  }
  const text = (name: N) => {
    const value = values[name] ?? flags[name].default;
    return typeof value === 'string' ? value : undefined;
  };
  return {
    text,
    number(name) {
      const value = Number(text(name));
      if (Number.isInteger(value) && value >= 0) return value;
      return refuse(`--${name} takes a whole number, not ${JSON.stringify(text(name))}.`);
    },
    list: (name) =>
      text(name)
        ?.split(',')
        .map((item) => item.trim())
        .filter(Boolean),
    on: (name) => values[name] === true,
  };
}

/** Ends the process with a message and the exit code for wrong usage. */
export function refuse(message: string): never {
  note(`error: ${message}`);
  process.exit(2);
}

/** Returns the names that the user chose, or all names if the user chose none. An unknown name ends the process. */
export function chosen(wanted: readonly string[] | undefined, known: readonly string[]): string[] {
  const unknown = wanted?.filter((name) => !known.includes(name)) ?? [];
  if (unknown.length > 0) refuse(`Unknown name: ${unknown.join(', ')}. The known names are ${known.join(', ')}.`);
  return [...(wanted ?? known)];
}

function parse(options: Record<string, { type: 'string' | 'boolean' }>): Record<string, unknown> {
  try {
    return parseArgs({ options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

function helpLine([name, flag]: [string, Flag]): string {
  const usage = `  --${name}${flag.value ? ` <${flag.value}>` : ''}`;
  return `${usage.padEnd(24)}${flag.help}${flag.default ? ` (default: ${flag.default})` : ''}`;
}
