import type { z } from 'zod';
import type { Permission } from '../admission/permissions.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import type { Completer } from './completers.ts';

/** What reading a resource gives: its text, and its type where that is not always the same. */
export interface Reading {
  readonly text: string;
  readonly mimeType?: string;
}

/** A resource, or a family of them, as clients see it. */
export interface ResourceSpec<P extends z.ZodObject = z.ZodObject> {
  /** `snake_case`; the file is named after it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** An address whose `{names}` are parameters, percent-encoded; those behind `{?` may be left out. */
  readonly uriTemplate: `conductor://${string}` | `ui://${string}`;
  readonly mimeType: string;
  readonly permission: Permission;
  /** A strict object of the parameters, each read from a string. */
  readonly params: P;
  /** What a parameter can be completed to. */
  readonly complete?: { readonly [K in keyof z.output<P>]?: Completer };
  /** Characters that one reading shows at most; the rest has addresses of its own. Default 100,000. */
  readonly mostCharacters?: number;
  /** For clients that know an extension of the protocol. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A resource together with the code that reads it. */
export interface Resource<P extends z.ZodObject = z.ZodObject> extends ResourceSpec<P> {
  readonly kind: 'resource';
  read(params: z.output<P>, context: ReadContext): Promise<Reading>;
}

/**
 * What a resource is; then, with `.reader(…)`, how it is read. The reader gets checked parameters and may throw: a `FleetError`
 * reaches the client with its remedy, anything else as a neutral sentence.
 * @example export default defineResource({ name: 'queue', uriTemplate: 'conductor://queues/{name}', … }).reader(async ({ name }, { conductor }) => ({ text }))
 */
export function defineResource<P extends z.ZodObject>(
  spec: ResourceSpec<P>,
): { reader(read: Resource<P>['read']): Resource<P> } {
  return { reader: (read) => ({ kind: 'resource', ...spec, read }) };
}

/** True for a default export made with `defineResource(…).reader(…)`. */
export function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'resource' && 'read' in value;
}
