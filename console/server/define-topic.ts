import type { z } from 'zod';
import type { Permission } from '../../mcp/admission/permissions.ts';
import type { ReadContext } from '../../mcp/engine/define-tool.ts';
import type { Value } from '../shared/patches.ts';

/** What the reader of a topic gets in addition to its parameters. */
export interface TopicContext extends ReadContext {
  /** The time of this reading, in epoch milliseconds. */
  readonly now: number;
  /** Where this process records requests. Undefined if it does not. */
  readonly auditFolder: string | undefined;
  /** The value of `read`, which is called again only after `forMs`. For what changes slowly. Topics share values with the same name. */
  keep<T>(name: string, forMs: number, read: () => Promise<T>): Promise<T>;
}

/** Data that pages show. It is read again and again while a page looks at it, once for all pages. */
export interface Topic<P = unknown, V extends Value = Value> {
  readonly kind: 'topic';
  /** The file is named after it. */
  readonly name: string;
  readonly permission: Permission;
  /** The tools that show the same. A setting that withholds one of them withholds the topic too. */
  readonly sameAs: readonly string[];
  /** The parameters, from the address `name?field=value`. */
  readonly params: z.ZodType<P>;
  /** Milliseconds from one reading to the next. Undefined: it is read only once, when a page asks. */
  everyMs?(value: V | undefined): number;
  /** False if there is nothing to show: pages of the topic are then hidden. Default: in use. */
  isInUse?(context: Pick<TopicContext, 'conductor' | 'auditFolder' | 'limits'>): Promise<boolean>;
  read(params: P, context: TopicContext): Promise<V>;
}

type Spec<P, V extends Value> = Omit<Topic<P, V>, 'kind' | 'read'>;

/**
 * Defines a topic; `.reader(…)` adds the code that reads it.
 * @example export default defineTopic({ name: 'queues', … }).reader(async (params, { conductor }) => ({ rows }))
 */
export function defineTopic<P, V extends Value = Value>(spec: Spec<P, V>) {
  return {
    reader: <R extends V>(read: (params: P, context: TopicContext) => Promise<R>): Topic<P, V> => ({
      kind: 'topic',
      ...spec,
      read,
    }),
  };
}

/** True for what `defineTopic(…).reader(…)` returns. */
export function isTopic(value: unknown): value is Topic {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'topic' && 'read' in value;
}
