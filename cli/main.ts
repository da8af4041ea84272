import './young-generation.ts'; // first: it is too late once other modules are loaded
import { Command as Commander, CommanderError, Option } from 'commander';
import { loadConfig } from '../core/config.ts';
import { onInterruption } from '../core/drain.ts';
import { exitCodeOf, FleetError, messageOf } from '../core/errors.ts';
import { groups, type SettingName, settingList, settings } from '../core/settings/settings.ts';
import { version } from '../core/version.ts';
import type { Command } from './define-command.ts';

interface Entry {
  summary: string;
  load: () => Promise<{ default: Command }>;
}

/** Every command, in the order a newcomer meets them. */
const commands: Record<string, Entry> = {
  up: {
    summary: 'start everything, run three demonstration workflows, stay up',
    load: () => import('./commands/up.ts'),
  },
  run: { summary: 'start a workflow and wait for its result', load: () => import('./commands/run.ts') },
  status: { summary: 'show recent executions, or one in detail', load: () => import('./commands/status.ts') },
  complete: {
    summary: 'show what waits for a person; complete what waits for a person or a signal',
    load: () => import('./commands/complete.ts'),
  },
  work: { summary: 'run a worker process', load: () => import('./commands/work.ts') },
  workers: {
    summary: 'show running worker processes, pause and resume them, change their concurrency',
    load: () => import('./commands/workers.ts'),
  },
  new: { summary: 'write a new worker or workflow, with its tests', load: () => import('./commands/new.ts') },
  lint: {
    summary: 'check definitions before the server does: shipped ones, files, or what it has stored',
    load: () => import('./commands/lint.ts'),
  },
  test: {
    summary: 'dry-run workflows on the server, with the scenarios beside their definitions',
    load: () => import('./commands/test.ts'),
  },
  plan: {
    summary: 'show what differs between the definitions here and those on the server',
    load: () => import('./commands/plan.ts'),
  },
  apply: {
    summary: 'bring the server up to the definitions here',
    load: () => import('./commands/apply.ts'),
  },
  pull: {
    summary: 'write a definition on the server as a TypeScript file that registers the same',
    load: () => import('./commands/pull.ts'),
  },
  diagram: {
    summary: 'draw a definition, or what became of an execution, as text, Mermaid or SVG',
    load: () => import('./commands/diagram.ts'),
  },
  replay: {
    summary: 'run a worker here on the input of a task of the past, without reporting it',
    load: () => import('./commands/replay.ts'),
  },
  mcp: {
    summary: 'serve MCP over stdio or HTTP; write it into the configuration of a client',
    load: () => import('./commands/mcp.ts'),
  },
  server: {
    summary: 'start, stop and look at the embedded Conductor server',
    load: () => import('./commands/server.ts'),
  },
  demo: { summary: 'run the demonstration shop that the workflows call', load: () => import('./commands/demo.ts') },
};

const FIRST_STEPS = `
First steps:
  fleet up                                      everything at once; Ctrl-C stops it
  fleet run FileProcessing --input '{"path":"README.md"}' --wait
  fleet status                                  what ran, newest first
  fleet <command> --help                        flags and what they mean

Settings come from flags, then the environment, then --config file.json: docs/configuration.md`;

/** How long an interrupted command may leave something open behind it. */
const LEFTOVERS_MS = 500;

async function main(given: readonly string[]): Promise<number> {
  const argv = withHelpFlag(given);
  const program = new Commander('fleet')
    .description('Durable workflows on Conductor OSS: typed definitions, task workers, and an MCP server in front.')
    .version(version)
    .helpOption('-h, --help', 'show this help')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', FIRST_STEPS)
    .exitOverride();

  let exitCode = 0;
  const named = argv.find((argument) => !argument.startsWith('-'));
  for (const [name, entry] of Object.entries(commands)) {
    const sub = program.command(name).description(entry.summary).exitOverride();
    if (name !== named) continue;
    const { default: command } = await entry.load();
    addSettings(sub, command);
    command.configure?.(sub);
    sub.action(async () => {
      exitCode = await execute(name, command, sub);
    });
  }
  if (argv.length === 0) {
    program.outputHelp();
    return 0;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return report(error);
  }
}

/** `fleet help` and `fleet help run`, as in other programs. A name that is no command stays alone, so that it is answered as such. */
function withHelpFlag(argv: readonly string[]): readonly string[] {
  const [first, name] = argv;
  if (first !== 'help') return argv;
  if (name === undefined) return ['--help'];
  return name in commands ? [name, '--help'] : [name];
}

function addSettings(sub: Commander, command: Command): void {
  sub.option('--config <file>', 'JSON file with settings');
  for (const [name, setting] of settingList) {
    if (!setting.flag || !(command.groups.includes(setting.group) || setting.group === 'logging')) continue;
    const option = new Option(setting.flag, `${setting.description} [${setting.env}]`).helpGroup(
      `${groups[setting.group].replaceAll('`', '')}:`,
    );
    sub.addOption(option.attributeName() === name ? option : renamed(option, name));
  }
}

/** Makes commander store a flag under its setting's name instead of its own (`--port` is `mcpPort`). */
function renamed(option: Option, name: SettingName): Option {
  option.attributeName = () => name;
  return option;
}

async function execute(name: string, command: Command, sub: Commander): Promise<number> {
  const values = sub.opts<Record<string, unknown>>();
  const isSetting = (key: string) => key in settings || key === 'config';
  const pick = (wanted: boolean) =>
    Object.fromEntries(Object.entries(values).filter(([key]) => isSetting(key) === wanted));
  const { config: file, ...flags } = pick(true);
  const { config, notices } = loadConfig({ flags, file: typeof file === 'string' ? file : undefined });
  const note = (line: string) => void process.stderr.write(`${line}\n`);
  for (const notice of notices) note(`note: ${notice}`);
  const { createLogger } = await import('../core/log.ts');
  const interruption = onInterruption();
  let exitCode = 0;
  try {
    await command.run({
      config,
      log: createLogger(config, name),
      args: sub.args,
      options: pick(false),
      signal: interruption.signal,
      print: (line = '') => void process.stdout.write(`${line}\n`),
      note,
      ...(process.stdout.isTTY && {
        terminal: { columns: process.stdout.columns, colours: process.stdout.hasColors() },
      }),
      exitWith: (code) => {
        exitCode = code;
      },
    });
    return exitCode;
  } catch (error) {
    exitCode = report(asCancelled(error, interruption.signal));
    return exitCode;
  } finally {
    if (interruption.signal.aborted) endSoon(exitCode);
    interruption.dispose();
  }
}

/** A call that was given up because a stop was asked for throws what the signal was aborted with. */
function asCancelled(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error !== signal.reason) return error;
  return new FleetError('cancelled', `Interrupted: ${messageOf(error)}.`, { cause: error });
}

/**
 * After an interrupted command: a call that was given up keeps the process no longer than a moment, and the one Ctrl-C that may
 * arrive a second time, handed on by the launcher, does not change the exit code. It would where Node ends by itself, because that
 * lets go of the signals first.
 */
function endSoon(exitCode: number): void {
  const end = () => process.exit(exitCode);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  process.on('beforeExit', end);
  setTimeout(end, LEFTOVERS_MS).unref();
}

function report(error: unknown): number {
  if (error instanceof FleetError) {
    process.stderr.write(`error: ${error.message}\n`);
    if (error.remedy) process.stderr.write(`${error.remedy}\n`);
  } else {
    process.stderr.write(`This is a bug in fleet: ${messageOf(error)}\n`);
    if (error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  }
  return exitCodeOf(error);
}

// A reader such as `head` that has seen enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
