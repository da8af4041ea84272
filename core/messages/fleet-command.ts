/** How a person types the command: an installed package is not on the PATH of a shell. */
export const fleetCommand = import.meta.url.endsWith('.ts') ? 'fleet' : 'npx fleet';

/** The commands of `fleet`. */
export const commandNames = [
  ...['up', 'init', 'server', 'work', 'workers', 'new', 'test', 'lint', 'plan', 'apply', 'pull', 'diagram'],
  ...['mcp', 'console', 'audit', 'run', 'status', 'complete', 'replay', 'demo'],
];

const COMMAND = new RegExp(`(?<![\\w./-]|npx )fleet (?=(?:${commandNames.join('|')})\\b|<command>|\\[options\\])`, 'g');

/** A text for people, in which each command is as a person types it. Messages and help name commands as `fleet apply`. */
export function asTyped(text: string, command = fleetCommand): string {
  return command === 'fleet' ? text : text.replaceAll(COMMAND, `${command} `);
}
