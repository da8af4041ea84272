import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ClientName, clientNames, clients } from '../../cli/mcp-clients/clients.ts';
import { processEnvironment } from '../../core/config.ts';
import type { Target } from './mcp-clients.ts';
import { root } from './product.ts';

/** A configuration that a page shows for a client. It is the JSON of a file, or a command line. */
export interface Shown {
  readonly client: ClientName;
  readonly language: string;
  readonly code: string;
}

/** Returns the code blocks of a page for each client: below `**<title>**`, up to the next client or heading. */
export function blocksOf(page: string): Shown[] {
  const parts = readFileSync(join(root, page), 'utf8').split(/^(?=\*\*|#)/m);
  return parts.flatMap((part) => {
    const client = clientNames.find((name) => part.startsWith(`**${clients[name].title}**`));
    if (!client) return [];
    const fences = [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
    return fences.map(([, language = '', code = '']) => ({ client, language, code: code.trim() }));
  });
}

const stdio = z.strictObject({
  type: z.literal('stdio').optional(),
  command: z.string(),
  args: z.array(z.string()),
  env: z.record(z.string(), z.string()).optional(),
});
const http = z.strictObject({ type: z.literal('http').optional(), url: z.url() });

/** Returns what the client does for a server in its file, by default `conductor`: start a program, or connect to an address. */
export function targetIn(client: ClientName, file: unknown, server = 'conductor'): Target {
  const servers = z.looseObject({ [server]: z.union([stdio, http]) });
  const entry = z.looseObject({ [clients[client].section]: servers });
  const found = entry.parse(file)[clients[client].section] as Record<string, z.output<typeof stdio | typeof http>>; // checked by the schema
  const conductor = z.union([stdio, http]).parse(found[server]);
  if ('url' in conductor) return { url: conductor.url };
  const { PATH = '', HOME = '' } = processEnvironment();
  return { command: conductor.command, args: conductor.args, env: { PATH, HOME, ...conductor.env } };
}

/** Like `targetIn`, for the command line `claude mcp add … conductor URL` or `… conductor -e K=V -- program`. */
export function targetOfCommand(line: string): Target {
  const url = /^claude mcp add --transport http conductor (\S+)$/.exec(line)?.[1];
  if (url !== undefined) return { url };
  const [, given = '', program] = /^claude mcp add conductor((?: -e \S+=\S+)*) -- (.+)$/.exec(line) ?? [];
  if (program === undefined) throw new Error(`This line is not a command that adds our server: ${line}`);
  const [command = '', ...args] = program.split(' ');
  const env = Object.fromEntries(
    [...given.matchAll(/ -e (\w+)=(\S+)/g)].map(([, key = '', value = '']) => [key, value]),
  );
  return targetIn('claude-code', { mcpServers: { conductor: { command, args, env } } });
}
