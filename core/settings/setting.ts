import { z } from 'zod';
import { isLoopback } from './loopback.ts';

/** How a setting is written as text, in an environment variable or after a flag. */
type Kind = 'text' | 'number' | 'boolean' | 'list' | 'json';

export interface Setting<T extends z.ZodType = z.ZodType> {
  readonly kind: Kind;
  readonly schema: T;
  readonly group: Group;
  readonly description: string;
  readonly env: string;
  /** Absent for secrets: every user of the machine can read the arguments of a process. */
  readonly flag?: string;
  /** True: the value is never printed, logged or written to a file. */
  readonly secret?: boolean;
}

export type Group = 'conductor' | 'server' | 'workers' | 'mcp' | 'audit' | 'content' | 'logging';

/** The heading of each group of settings, in the order of the documentation. */
export const groups: Record<Group, string> = {
  conductor: 'The Conductor server to use',
  server: 'The embedded server (started when no `CONDUCTOR_SERVER_URL` is set)',
  workers: 'Worker processes',
  mcp: 'The MCP server',
  audit: 'The audit log of the MCP server',
  content: 'Workers, workflows and MCP content: your own, or what comes with fleet',
  logging: 'Logging',
};

/** A TCP port. */
export const port = z.int().min(1).max(65535);

/** A web address without a slash at its end. It must not contain credentials, because they would appear in logs and definitions. */
export const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http:// or https:// address' })
  .refine((url) => !/\/\/[^/]*@/.test(url), 'must not hold a user name or password')
  .transform((url) => url.replace(/\/+$/, ''));

/**
 * An address whose answers can be trusted: https, or http on this machine. It is kept as it was written, because tokens must hold exactly
 * the same text.
 */
export const trustedUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https:// address' })
  .refine((url) => isTrusted(new URL(url)), 'must be an https:// address, because http:// is safe only on this machine')
  .refine((url) => !/[?#]|\/\/[^/]*@/.test(url), 'must not hold a user name, a password, a query or a fragment');

function isTrusted({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || isLoopback(hostname);
}

/** A whole number of at least one. */
export const positive = z.int().min(1);
