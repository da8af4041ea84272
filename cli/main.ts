import { Command as Commander, CommanderError, Option } from 'commander';
import { loadConfig, processEnvironment } from '../core/config.ts';
import { exitCodeOf, FleetError, messageOf } from '../core/errors.ts';
import { onInterruption } from '../core/interruption.ts';
import { asTyped } from '../core/messages/fleet-command.ts';
import { groups, type SettingName, settingList, settings } from '../core/settings/settings.ts';
import { version } from '../core/version.ts';
import type { Command } from './define-command.ts';
import { limitYoungGeneration } from './limit-young-generation.ts';
import { projectSettings } from './project.ts';

interface Entry {
  summary: string;
  load: () => Promise<{ default: Command }>;
}

/** Every command, in the order in which a newcomer needs them. */
const commands: Record<string, Entry> = {
  up: {
    summary: 'Start everything (server, workers, MCP), run a demonstration, and keep running',
    load: () => import('./commands/up.ts'),
  },
  run: { summary: 'Start a workflow; with --wait, wait for its result', load: () => import('./commands/run.ts') },
  status: { summary: 'List recent executions, or show one in detail', load: () => import('./commands/status.ts') },
  complete: {
    summary: 'List the tasks that wait for a person, or complete a waiting task',
    load: () => import('./commands/complete.ts'),
  },
  work: { summary: 'Start a worker process', load: () => import('./commands/work.ts') },
  workers: {
    summary: 'List the running worker processes; pause them, resume them, change their concurrency',
    load: () => import('./commands/workers.ts'),
  },
  init: {
    summary: 'Write a project of your own into a new folder',
    load: () => import('./commands/init.ts'),
  },
  new: { summary: 'Write a new worker or workflow, with its tests', load: () => import('./commands/new.ts') },
  lint: {
    summary: 'Find mistakes in definitions before the server does',
    load: () => import('./commands/lint.ts'),
  },
  test: {
    summary: 'Run the scenarios of workflows as dry runs on the server',
    load: () => import('./commands/test.ts'),
  },
  plan: {
    summary: 'Show the differences between the definitions in code and on the server',
    load: () => import('./commands/plan.ts'),
  },
  apply: {
    summary: 'Register the definitions from code on the server',
    load: () => import('./commands/apply.ts'),
  },
  pull: {
    summary: 'Write a TypeScript file that registers a definition exactly as it is on the server',
    load: () => import('./commands/pull.ts'),
  },
  diagram: {
    summary: 'Draw a definition or an execution as text, Mermaid or SVG',
    load: () => import('./commands/diagram.ts'),
  },
  replay: {
    summary: 'Run a worker here on the input of an earlier task; the server gets no result',
    load: () => import('./commands/replay.ts'),
  },
  mcp: {
    summary: 'Serve MCP over stdio or HTTP, or add the server to the configuration of an MCP client',
    load: () => {
      limitYoungGeneration(); // before the SDK is loaded: at rest, the process then has less memory
      return import('./commands/mcp.ts');
    },
  },
  console: {
    summary: 'Serve the console, a web page that shows the executions and acts on them',
    load: () => import('./commands/console.ts'),
  },
  audit: {
    summary: 'Search the records of all MCP requests, or verify that they were not changed',
    load: () => import('./commands/audit.ts'),
  },
  server: {
    summary: 'Start, stop and inspect the embedded Conductor server',
    load: () => import('./commands/server.ts'),
  },
  demo: {
    summary: 'Open the demonstration shop that the shipped workflows call',
    load: () => import('./commands/demo.ts'),
  },
};

const FIRST_STEPS = `
First steps:
  fleet up                                      start everything; Ctrl-C stops it
  fleet run FileProcessing --input '{"path":"README.md"}' --wait
  fleet status                                  list recent executions, newest first
  fleet <command> --help                        show the flags of a command

A setting is taken from its flag, else from the environment, else from the JSON file of --config.
docs/configuration.md lists every setting.`;

/** Longest time that aborted calls may delay the end of an interrupted process. */
const LEFTOVERS_MS = 500;

async function main(given: readonly string[]): Promise<number> {
  const argv = withHelpFlag(given);
  const program = new Commander('fleet')
    .description('Durable workflows on Conductor OSS: typed definitions, task workers, and an MCP server in front.')
    .version(version, '-V, --version', 'Show the version.')
    .helpOption('-h, --help', 'Show this help.')
    .helpCommand(false)
    .showSuggestionAfterError()
    .configureHelp({ sortSubcommands: false })
    .addHelpText('after', FIRST_STEPS)
    .configureOutput({
      writeOut: (text) => void process.stdout.write(asTyped(text)),
      writeErr: (text) => void process.stderr.write(asTyped(text)),
    })
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

/** Allows `fleet help` and `fleet help run`. An unknown name gets no `--help`, so that the error reports the name. */
function withHelpFlag(argv: readonly string[]): readonly string[] {
  const [first, name] = argv;
  if (first !== 'help') return argv;
  if (name === undefined) return ['--help'];
  return name in commands ? [name, '--help'] : [name];
}

function addSettings(sub: Commander, command: Command): void {
  sub.option('--config <file>', 'JSON file with settings.');
  for (const [name, setting] of settingList) {
    if (!setting.flag || !(command.groups.includes(setting.group) || setting.group === 'logging')) continue;
    const option = new Option(setting.flag, `${setting.description} [${setting.env}]`).helpGroup(
      `${groups[setting.group].replaceAll('`', '')}:`,
    );
    sub.addOption(option.attributeName() === name ? option : renamed(option, name));
  }
}

/** Stores a flag under the name of its setting instead of its own name. For example, `--port` becomes `mcpPort`. */
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
  const { config, notices } = loadConfig({
    flags,
    file: typeof file === 'string' ? file : undefined,
    project: projectSettings(),
  });
  const note = (line: string) => void process.stderr.write(`${asTyped(line)}\n`);
  for (const notice of notices) note(`note: ${notice}`);
  const { createLogger } = await import('../core/log.ts');
  const interruption = onInterruption({ fromNpm: processEnvironment().npm_command !== undefined });
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

/** An interrupted call throws the reason of the signal. The returned error reports this as a stop and not as a failure. */
function asCancelled(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error !== signal.reason) return error;
  return new FleetError('cancelled', `Interrupted: ${messageOf(error)}.`, { cause: error });
}

/**
 * Ends the process after an interrupted command. Aborted calls delay the end by half a second at most. The launcher may pass the same
 * Ctrl-C on a second time, and Node's own handler would then change the exit code. The process therefore handles the signals until its end.
 */
function endSoon(exitCode: number): void {
  const end = () => process.exit(exitCode);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, end);
  process.on('beforeExit', end);
  setTimeout(end, LEFTOVERS_MS).unref();
}

function report(error: unknown): number {
  if (error instanceof FleetError) {
    process.stderr.write(asTyped(`error: ${error.message}\n`));
    if (error.remedy) process.stderr.write(asTyped(`${error.remedy}\n`));
  } else {
    process.stderr.write(`This is a bug in fleet: ${messageOf(error)}\n`);
    if (error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  }
  return exitCodeOf(error);
}

// `fleet … | head` closes the pipe early, which is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.exitCode = await main(process.argv.slice(2));
