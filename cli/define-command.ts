import type { Command as Commander } from 'commander';
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { Group } from '../core/settings/settings.ts';

/** One `fleet` command. Its module is loaded only when it runs, so that `fleet --help` stays fast. */
export interface Command {
  /** The groups of settings whose flags it takes. */
  readonly groups: readonly Group[];
  /** Adds arguments and flags of its own. */
  configure?(command: Commander): void;
  run(context: CommandContext): Promise<void>;
}

export interface CommandContext {
  readonly config: Config;
  readonly log: Logger;
  readonly args: readonly (string | undefined)[];
  /** Flags that are not settings. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Aborted by the first Ctrl-C or SIGTERM; the command ends in order and returns. */
  readonly signal: AbortSignal;
  /** A line for the person at the terminal, on stdout: results only. Progress goes to `note`. */
  print(line?: string): void;
  /** A line of progress or advice, on stderr. */
  note(line: string): void;
  /** What stdout can show, where it is a terminal. `colours` heeds NO_COLOR. */
  readonly terminal?: { readonly columns: number; readonly colours: boolean };
  /** Makes the process end with this code although nothing was thrown. */
  exitWith(code: number): void;
}

/** Gives a command its type where it is written. */
export function defineCommand(command: Command): Command {
  return command;
}
