import type { z } from 'zod';
import type { Permission } from '../admission/permissions.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import type { Completer } from './completers.ts';

/** The text of a resource, and its type if that differs from the definition's. */
export interface Reading {
  readonly text: string;
  readonly mimeType?: string;
}

/** A resource, or a family of resources, as clients see it. */
export interface ResourceSpec<P extends z.ZodObject = z.ZodObject> {
  /** `snake_case`; the file is named after it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** An address whose `{names}` are percent-encoded parameters. Parameters after `{?` are optional. */
  readonly uriTemplate: `conductor://${string}` | `ui://${string}`;
  readonly mimeType: string;
  readonly permission: Permission;
  /** A strict object of the parameters, each parsed from a string. */
  readonly params: P;
  /** The possible values of parameters. */
  readonly complete?: { readonly [K in keyof z.output<P>]?: Completer };
  /** Most characters in one answer; the remaining parts have their own addresses. Default 100,000. */
  readonly mostCharacters?: number;
  /** Sent as `_meta`, for clients of an extension of the protocol. */
  readonly meta?: Readonly<Record<string, unknown>>;
}

/** A resource and the code that reads it. */
export interface Resource<P extends z.ZodObject = z.ZodObject> extends ResourceSpec<P> {
  readonly kind: 'resource';
  read(params: z.output<P>, context: ReadContext): Promise<Reading>;
}

/**
 * Defines a resource as clients see it; `.reader(…)` adds the code. The reader gets checked parameters. If it throws a
 * `FleetError`, the client sees its remedy. For any other error the client sees a neutral sentence.
 * @example export default defineResource({ name: 'queue', uriTemplate: 'conductor://queues/{name}', … }).reader(async ({ name }, { conductor }) => ({ text }))
 */
export function defineResource<P extends z.ZodObject>(
  spec: ResourceSpec<P>,
): { reader(read: Resource<P>['read']): Resource<P> } {
  return { reader: (read) => ({ kind: 'resource', ...spec, read }) };
}

/** True for what `defineResource(…).reader(…)` returns. */
export function isResource(value: unknown): value is Resource {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'resource' && 'read' in value;
}
