import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type ClientName, clientNames, clients } from '../../cli/mcp-clients/clients.ts';
import { processEnvironment } from '../../core/config.ts';
import type { Target } from './mcp-clients.ts';
import { root } from './product.ts';

/** A configuration that a page shows for a client: JSON of its file, or a command line. */
export interface Shown {
  readonly client: ClientName;
  readonly language: string;
  readonly code: string;
}

/** The blocks of a page below `**<title of the client>**`, up to the next client or heading. */
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

/** What the client starts, or where it connects, for the server `conductor` of such a file. Its environment has nothing else of ours. */
export function targetIn(client: ClientName, file: unknown): Target {
  const entry = z.looseObject({ [clients[client].section]: z.looseObject({ conductor: z.union([stdio, http]) }) });
  const { conductor } = entry.parse(file)[clients[client].section] as {
    conductor: z.output<typeof stdio | typeof http>;
  };
  if ('url' in conductor) return { url: conductor.url };
  const { PATH = '', HOME = '' } = processEnvironment();
  return { command: conductor.command, args: conductor.args, env: { PATH, HOME, ...conductor.env } };
}

/** Where `claude mcp add --transport http conductor URL` connects. */
export function targetOfCommand(command: string): Target {
  const url = /^claude mcp add --transport http conductor (\S+)$/.exec(command)?.[1];
  if (url === undefined) throw new Error(`not a command that adds an address: ${command}`);
  return { url };
}
