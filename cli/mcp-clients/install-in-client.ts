import { homedir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { processEnvironment } from '../../core/config.ts';
import { FleetError } from '../../core/errors.ts';
import { httpUrl } from '../../core/settings/setting.ts';
import { parseOptions } from '../arguments/parse-options.ts';
import type { CommandContext } from '../define-command.ts';
import {
  blockOf,
  type Client,
  type ClientName,
  clientNames,
  clients,
  entryOf,
  type Machine,
  type Reach,
  type Scope,
  scopes,
} from './clients.ts';
import { type EntryPath, entryIn, JsonTextError, withEntry, withoutEntry } from './config-entry.ts';
import { readConfigText, replaceConfigText } from './config-file.ts';
import { httpReach, stdioReach } from './reach.ts';

const optionsSchema = z.object({
  scope: z.enum(scopes).optional(),
  name: z
    .string()
    .regex(/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .default('conductor'),
  url: httpUrl.optional(),
  print: z.boolean().default(false),
  remove: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** The entry to write, and where in the file it goes. */
interface Installation {
  readonly client: Client;
  readonly scope: Scope;
  readonly file: string;
  readonly path: EntryPath;
  readonly reach: Reach;
  /** The issuer of the tokens that the server needs. */
  readonly issuer: string | undefined;
}

/**
 * Adds the server to the configuration file of a client or removes it. With --print, only prints the configuration.
 * @throws FleetError `input` for an unknown client, scope or transport, `config` for a file that is not JSON
 */
export async function installInClient(
  context: CommandContext,
  clientName: string | undefined,
  machine: Machine = thisMachine(),
): Promise<void> {
  const options = parseOptions(optionsSchema, context.options, 'mcp');
  const installation = installationOf(context, clientNamed(clientName), options, machine);
  if (options.print && options.remove) {
    throw new FleetError('input', '--print and --remove cannot be combined.', { remedy: 'Give only one of them.' });
  }
  if (options.print) print(context, installation);
  else if (options.remove) await remove(context, installation);
  else await write(context, installation);
}

function clientNamed(name: string | undefined): ClientName {
  const found = clientNames.find((known) => known === name);
  if (found) return found;
  const message = name === undefined ? 'The name of the client is missing.' : `There is no client "${name}".`;
  throw new FleetError('input', message, { remedy: `Name one of ${clientNames.join(', ')}.` });
}

function thisMachine(): Machine {
  return { platform: process.platform, home: homedir(), cwd: process.cwd(), env: processEnvironment() };
}

function installationOf(
  { config }: CommandContext,
  clientName: ClientName,
  options: Options,
  machine: Machine,
): Installation {
  const client = clients[clientName];
  const scope = options.scope ?? scopes.find((one) => client.files[one] !== undefined);
  const fileOf = scope && client.files[scope];
  if (!fileOf) {
    throw new FleetError('input', `${client.title} has no configuration for the scope "${scope}".`, {
      remedy: 'Leave out --scope.',
    });
  }
  const isHttp = options.url !== undefined || config.mcpTransport === 'http';
  if (isHttp && client.httpType === null) {
    throw new FleetError('input', `The configuration file of ${client.title} can hold programs, but not addresses.`, {
      remedy: 'Use --transport stdio, or add the address as a connector in its settings.',
    });
  }
  const reach = isHttp ? httpReach(config, options.url) : stdioReach(config);
  const { mcpOauthIssuer: issuer } = config;
  return { client, scope, file: fileOf(machine), path: [client.section, options.name], reach, issuer };
}

function print({ print, note }: CommandContext, installation: Installation): void {
  const { client, file, path, reach } = installation;
  print(JSON.stringify(blockOf(client, path[1], reach), null, 2));
  note(`Nothing was written. Add this to the file ${file} of ${client.title}.`);
  advise(installation, note);
}

async function write({ print, note }: CommandContext, installation: Installation): Promise<void> {
  const { client, file, path, reach } = installation;
  const entry = entryOf(client, reach);
  const text = await readConfigText(file);
  const byHand = `add this to "${path[0]}" by hand:\n${JSON.stringify({ [path[1]]: entry }, null, 2).slice(2, -2)}`;
  const [had, changed] = edited(file, byHand, () => [entryIn(text, path), withEntry(text, path, entry)]);
  if (isDeepStrictEqual(had, entry)) {
    print(`Nothing was written: "${path[1]}" is already in ${file}.`);
  } else {
    await replace(file, changed, note);
    print(`${had === undefined ? 'Added' : 'Changed'} "${path[1]}" in ${file}.`);
  }
  advise(installation, note);
  note(client.next);
}

async function remove({ print, note }: CommandContext, { client, file, path }: Installation): Promise<void> {
  const text = await readConfigText(file);
  const rest = edited(file, `remove "${path[1]}" by hand.`, () => withoutEntry(text, path));
  if (rest === text) {
    print(`Nothing was written: "${path[1]}" is not in ${file}.`);
    return;
  }
  await replace(file, rest, note);
  print(`Removed "${path[1]}" from ${file}.`);
  note(`Restart ${client.title}. It uses the server until then.`);
}

async function replace(file: string, text: string, note: CommandContext['note']): Promise<void> {
  const backup = await replaceConfigText(file, text, new Date());
  if (backup !== undefined) note(`Copied the old file to ${backup}.`);
}

/** If a file cannot be edited safely, leaves it unchanged. The error then says what to do by hand. */
function edited<T>(file: string, byHand: string, change: () => T): T {
  try {
    return change();
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    throw new FleetError('config', `"${file}" was not changed: ${cause.message}.`, {
      remedy: `Correct the file and run the command again, or ${byHand}`,
      cause,
    });
  }
}

/** Tells the person what the new entry needs to work. */
function advise({ client, scope, reach, issuer }: Installation, note: CommandContext['note']): void {
  if (reach.transport === 'http') {
    note(`A server must run at ${reach.url}. Start one: fleet up, or fleet mcp --transport http`);
    if (issuer !== undefined)
      note(
        `${client.title} gets its token from ${issuer}: it opens a login page. If it cannot, add the header "Authorization: Bearer <token>" to the entry (docs/securing.md).`,
      );
    return;
  }
  const { CONDUCTOR_SERVER_URL: url, FLEET_DIR: folder } = reach.env;
  note(
    url === undefined
      ? `The MCP server uses the embedded server in ${folder}.`
      : `The MCP server uses the Conductor server at ${url}.`,
  );
  if (scope === 'project') {
    note('The entry contains paths of this machine. Keep the file out of version control, or use --transport http.');
  }
  if (reach.secrets.length === 0) return;
  const names = reach.secrets.join(', ');
  const notWritten = `The values of ${names} were not written: a configuration file must hold no secrets.`;
  if (client.variable) note(`${notWritten} Start ${client.title} in an environment that sets them.`);
  else
    note(
      `${notWritten} ${client.title} reads no environment variables. Install the bundle instead (npm run bundle). It asks for the values.`,
    );
}
