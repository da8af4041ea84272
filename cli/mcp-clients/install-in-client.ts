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
    .regex(/^[\w-]{1,64}$/, 'must be letters, digits, _ and -, at most 64')
    .default('conductor'),
  url: httpUrl.optional(),
  print: z.boolean().default(false),
  remove: z.boolean().default(false),
});
type Options = z.output<typeof optionsSchema>;

/** What is to be changed, and where. */
interface Plan {
  readonly client: Client;
  readonly scope: Scope;
  readonly file: string;
  readonly path: EntryPath;
  readonly reach: Reach;
}

/**
 * Writes the server into the configuration file of a client, takes it out again, or prints what would be written.
 * @throws FleetError `input` for a client, scope or transport that there is not, `config` for a file that is no JSON
 */
export async function installInClient(
  context: CommandContext,
  clientName: string | undefined,
  machine: Machine = thisMachine(),
): Promise<void> {
  const options = parseOptions(optionsSchema, context.options, 'mcp');
  const plan = planOf(context, clientNamed(clientName), options, machine);
  if (options.print && options.remove) {
    throw new FleetError('input', '--print and --remove do not go together.', { remedy: 'Give one of them.' });
  }
  if (options.print) print(context, plan);
  else if (options.remove) await remove(context, plan);
  else await write(context, plan);
}

function clientNamed(name: string | undefined): ClientName {
  const found = clientNames.find((known) => known === name);
  if (found) return found;
  const message = name === undefined ? 'No client is named.' : `There is no client "${name}".`;
  throw new FleetError('input', message, { remedy: `Name one of ${clientNames.join(', ')}.` });
}

function thisMachine(): Machine {
  return { platform: process.platform, home: homedir(), cwd: process.cwd(), env: processEnvironment() };
}

function planOf({ config }: CommandContext, clientName: ClientName, options: Options, machine: Machine): Plan {
  const client = clients[clientName];
  const scope = options.scope ?? scopes.find((one) => client.files[one] !== undefined);
  const fileOf = scope && client.files[scope];
  if (!fileOf) {
    throw new FleetError('input', `${client.title} has one configuration, the one of the user.`, {
      remedy: 'Leave out --scope.',
    });
  }
  const isHttp = options.url !== undefined || config.mcpTransport === 'http';
  if (isHttp && client.httpType === null) {
    throw new FleetError('input', `The configuration file of ${client.title} knows no addresses, only programs.`, {
      remedy: 'Use --transport stdio, or add the address as a connector in its settings.',
    });
  }
  const reach = isHttp ? httpReach(config, options.url) : stdioReach(config);
  return { client, scope, file: fileOf(machine), path: [client.section, options.name], reach };
}

function print({ print, note }: CommandContext, plan: Plan): void {
  const { client, file, path, reach } = plan;
  print(JSON.stringify(blockOf(client, path[1], reach), null, 2));
  note(`This is for ${file} of ${client.title}; nothing was written.`);
  adviseOn(plan, note);
}

async function write({ print, note }: CommandContext, plan: Plan): Promise<void> {
  const { client, file, path, reach } = plan;
  const entry = entryOf(client, reach);
  const text = await readConfigText(file);
  const byHand = `put this into "${path[0]}" by hand:\n${JSON.stringify({ [path[1]]: entry }, null, 2).slice(2, -2)}`;
  const [had, changed] = edited(file, byHand, () => [entryIn(text, path), withEntry(text, path, entry)]);
  if (isDeepStrictEqual(had, entry)) {
    print(`${path[1]} is in ${file} already; nothing was written.`);
  } else {
    await replace(file, changed, note);
    print(`${had === undefined ? 'Added' : 'Changed'} ${path[1]} in ${file}.`);
  }
  adviseOn(plan, note);
  note(client.next);
}

async function remove({ print, note }: CommandContext, { client, file, path }: Plan): Promise<void> {
  const text = await readConfigText(file);
  const rest = edited(file, `take "${path[1]}" out by hand.`, () => withoutEntry(text, path));
  if (rest === text) {
    print(`${path[1]} is not in ${file}; nothing was written.`);
    return;
  }
  await replace(file, rest, note);
  print(`Removed ${path[1]} from ${file}.`);
  note(`${client.title} forgets it when it is started again.`);
}

async function replace(file: string, text: string, note: CommandContext['note']): Promise<void> {
  const backup = await replaceConfigText(file, text, new Date());
  if (backup !== undefined) note(`The old file is kept as ${backup}.`);
}

/** A file that cannot be edited safely stays as it is, and the person is told what to do in it. */
function edited<T>(file: string, byHand: string, change: () => T): T {
  try {
    return change();
  } catch (cause) {
    if (!(cause instanceof JsonTextError)) throw cause;
    throw new FleetError('config', `${file} was left as it is: ${cause.message}.`, {
      remedy: `Mend it and run the same again, or ${byHand}`,
      cause,
    });
  }
}

/** What the person has to see to. */
function adviseOn({ client, scope, reach }: Plan, note: CommandContext['note']): void {
  if (reach.transport === 'http') {
    note(`A server has to listen at ${reach.url}: \`fleet up\`, or \`fleet mcp --transport http\`.`);
    return;
  }
  const { CONDUCTOR_SERVER_URL: url, FLEET_DIR: folder } = reach.env;
  note(url === undefined ? `It uses the embedded server of ${folder}.` : `It uses the Conductor server at ${url}.`);
  if (scope === 'project') {
    note('It names paths of this machine: keep the file out of version control, or use --transport http.');
  }
  if (reach.secrets.length === 0) return;
  const names = reach.secrets.join(', ');
  if (client.variable) note(`${names}: secrets are never written; start ${client.title} where they are set.`);
  else
    note(
      `${names}: secrets are never written, and ${client.title} reads no variables. Its bundle (\`npm run bundle\`) asks for them.`,
    );
}
