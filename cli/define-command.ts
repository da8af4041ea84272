import type { Command as Commander } from 'commander';
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { Group } from '../core/settings/settings.ts';

/** One `fleet` command. Its module is loaded only when it runs, which keeps `fleet --help` fast. */
export interface Command {
  /** The groups of settings whose flags the command accepts. */
  readonly groups: readonly Group[];
  /** Adds the command's own arguments and flags. */
  configure?(command: Commander): void;
  run(context: CommandContext): Promise<void>;
}

export interface CommandContext {
  readonly config: Config;
  readonly log: Logger;
  readonly args: readonly (string | undefined)[];
  /** Flags that are not settings. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Aborted by the first Ctrl-C or SIGTERM. The command then cleans up and returns. */
  readonly signal: AbortSignal;
  /** Writes a line of results to stdout. */
  print(line?: string): void;
  /** Writes a line of progress or advice to stderr. */
  note(line: string): void;
  /** What the terminal can show. Absent if stdout is not a terminal. `colours` respects NO_COLOR. */
  readonly terminal?: { readonly columns: number; readonly colours: boolean };
  /** Sets the exit code of a command that returns without an error. */
  exitWith(code: number): void;
}

/** Returns the command unchanged, so that TypeScript checks it in the file that defines it. */
export function defineCommand(command: Command): Command {
  return command;
}
