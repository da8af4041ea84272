import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { jsonCopy } from '../../core/json.ts';

/**
 * Typed references to values of a running workflow.
 *
 * A reference is a Proxy that knows only its path. Reading a property (`charge.output.receiptId`) returns a reference with a longer path.
 * Written as JSON or text, a reference is Conductor's expression (`${charge.output.receiptId}`). Only the compiler knows the type of the
 * value.
 */
declare const type: unique symbol;

/** A reference to a place in the running workflow that will contain a `T`. */
export interface Ref<T> {
  readonly [type]: T;
  /** Conductor's expression for this place, e.g. `${charge.output.receiptId}`. */
  toJSON(): string;
}

type Absent<T> = Extract<T, null | undefined>;

/**
 * The references to the properties of a `T`. `A` is `undefined` or `null` if the `T` itself may be missing. For elements of arrays, use
 * `at`. zod's empty object is `Record<string, never>`. It has no references, because a reference to a `never` would fit every type.
 */
type Walk<T, A> = T extends readonly unknown[]
  ? unknown
  : T extends object
    ? { readonly [K in keyof T as [T[K]] extends [never] ? never : K]-?: Refs<T[K] | A> }
    : unknown;

/** A reference to a `T`. If `T` is an object, also references to its properties at every depth. */
export type Refs<T> = Ref<T> & Walk<NonNullable<T>, Absent<T>>;

/** The type of what you may write for a `T`: a literal, a reference, or an object or array that mixes both. */
export type Wired<T> =
  | T
  | Ref<T>
  | (T extends readonly (infer E)[]
      ? readonly Wired<E>[]
      : T extends object
        ? { [K in keyof T]: Wired<T[K]> | MayBeAbsent<T, K> }
        : never);

/** Rejects a reference to a whole object where each name must be written out, because no schema lists the names. */
export type Spelled = { readonly toJSON?: never };

/** An optional property also accepts a reference to a value that may be missing: Conductor writes null, and the reader drops it. */
type MayBeAbsent<T, K extends keyof T> = Partial<Pick<T, K>> extends Pick<T, K> ? Ref<T[K] | undefined> : never;

/** Makes the reference for a path such as `workflow.input`. */
export function refs<T>(path: string): Refs<T> {
  const expression = () => `\${${path}}`;
  const target = {} as Refs<T>; // only this line gives a path its type
  return new Proxy(target, {
    get(_, key) {
      if (key === 'toJSON' || key === Symbol.toPrimitive || key === 'toString') return expression;
      if (typeof key === 'symbol') return undefined;
      return refs(path + segment(key));
    },
    // Without this error, `{ ...reference }` would be an empty object, because only the running workflow knows the fields.
    ownKeys: () => {
      throw new FleetError(
        'config',
        `The reference ${expression()} cannot be spread, because its fields are known only when the workflow runs. Pass them by name.`,
      );
    },
  });
}

/**
 * Writes a property as a part of a path. The server reads a path as JSONPath: a name that is not plain must be quoted, or it resolves to
 * null.
 */
function segment(key: string): string {
  if (/^[\w-]+$/.test(key)) return `.${key}`;
  // The server ends an expression at the next closing brace, even if it is inside quotes.
  if (/[{}\p{Cc}]/u.test(key)) {
    throw new FleetError(
      'config',
      `No reference can name ${JSON.stringify(key)}: the server cannot read braces and control characters there. Rename that field.`,
    );
  }
  return `['${key.replaceAll(/[\\']/g, '\\$&')}']`;
}

/** A reference to the element of a list at `index`. The element may be missing. */
export function at<E>(list: Ref<readonly E[]>, index: number): Refs<E | undefined> {
  return refs(`${list.toJSON().slice(2, -1)}[${index}]`);
}

/**
 * Turns a wired object into plain JSON. The parameters of a task or workflow cannot be a single expression. So a reference to a whole
 * object becomes one reference for each key of its schema.
 */
export function toParameters(value: unknown, schema: z.ZodType): Record<string, unknown> {
  const json = toJson(value);
  if (typeof json !== 'string') return json as Record<string, unknown>;
  if (!(schema instanceof z.ZodObject) || (schema.def.catchall && !(schema.def.catchall instanceof z.ZodNever))) {
    throw new FleetError(
      'config',
      `${json} cannot be passed as a whole, because its schema allows keys that it does not name. Pass the keys one by one.`,
    );
  }
  const whole = value as Refs<Record<string, unknown>>;
  return toJson(Object.fromEntries(Object.keys(schema.shape).map((key) => [key, whole[key]]))) as Record<
    string,
    unknown
  >;
}

/** Turns a wired value into plain JSON: references become expressions, and undefined properties are removed. */
export function toJson<T>(value: T): unknown {
  return value === undefined ? undefined : jsonCopy(value);
}
