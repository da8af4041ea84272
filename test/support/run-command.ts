import { Command as Commander } from 'commander';
import type { Command, CommandContext } from '../../cli/define-command.ts';
import { type Config, loadConfig } from '../../core/config.ts';
import { silentLogger } from '../../core/log.ts';

export interface CommandRun {
  /** The exit code that the command set, or 0 if it set none. */
  readonly code: number;
  /** The results of the command: its lines on stdout. */
  readonly stdout: string;
  /** The progress and advice of the command: its lines on stderr. */
  readonly stderr: string;
}

interface Options {
  readonly settings?: Partial<Config>;
  readonly signal?: AbortSignal;
  readonly terminal?: CommandContext['terminal'];
  /** Receives each line of stdout and stderr when it is written. */
  readonly onLine?: (line: string) => void;
}

/**
 * Runs a command of `fleet` in this process. It parses the arguments as the command line does.
 * @throws the error of the command, which `cli/main.ts` would turn into a message and an exit code
 */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  { settings = {}, signal = new AbortController().signal, terminal, onLine }: Options = {},
): Promise<CommandRun> {
  const parser = new Commander().exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
  command.configure?.(parser);
  parser.parse([...argv], { from: 'user' });
  const [printed, noted]: [string[], string[]] = [[], []];
  let code = 0;
  await command.run({
    config: { ...loadConfig({ env: {} }).config, ...settings },
    log: silentLogger,
    args: parser.processedArgs.flat(),
    options: parser.opts(),
    signal,
    print(line = '') {
      printed.push(line);
      onLine?.(line);
    },
    note(line) {
      noted.push(line);
      onLine?.(line);
    },
    exitWith: (asked) => {
      code = asked;
    },
    ...(terminal && { terminal }),
  });
  return { code, stdout: printed.join('\n'), stderr: noted.join('\n') };
}
