import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';

/**
 * Typed references into a running workflow.
 *
 * A reference is a Proxy that knows only its path. Walking it (`charge.output.receiptId`) makes a longer path, turning it into JSON
 * or text writes Conductor's expression (`${charge.output.receiptId}`). Its type lives in the compiler alone.
 */
declare const type: unique symbol;

/** A place in the running workflow that will hold a `T`. */
export interface Ref<T> {
  readonly [type]: T;
  /** Conductor's expression for it, e.g. `${charge.output.receiptId}`. */
  toJSON(): string;
}

type Absent<T> = Extract<T, null | undefined>;

/**
 * What is below a `T`; `A` is `undefined` or `null` if the `T` itself may be missing. Elements of arrays: `at`. The empty object
 * is zod's `Record<string, never>`: a reference to one of its `never`s would fit everywhere, so there are none.
 */
type Walk<T, A> = T extends readonly unknown[]
  ? unknown
  : T extends object
    ? { readonly [K in keyof T as [T[K]] extends [never] ? never : K]-?: Refs<T[K] | A> }
    : unknown;

/** A reference to a `T` and, where `T` is an object, to everything below it. */
export type Refs<T> = Ref<T> & Walk<NonNullable<T>, Absent<T>>;

/** Where a `T` is expected: the literal, a reference to it, or an object or array that mixes both. */
export type Wired<T> =
  | T
  | Ref<T>
  | (T extends readonly (infer E)[]
      ? readonly Wired<E>[]
      : T extends object
        ? { [K in keyof T]: Wired<T[K]> | MayBeAbsent<T, K> }
        : never);

/** Refuses a reference where names must be written out: one to all the values has no schema here that could tell the names. */
export type Spelled = { readonly toJSON?: never };

/** An optional property also takes a reference that may resolve to nothing: Conductor writes null, the reader drops it. */
type MayBeAbsent<T, K extends keyof T> = Partial<Pick<T, K>> extends Pick<T, K> ? Ref<T[K] | undefined> : never;

/** The reference for a path such as `workflow.input`. */
export function refs<T>(path: string): Refs<T> {
  const expression = () => `\${${path}}`;
  const target = {} as Refs<T>; // the one place where a type is given to a path
  return new Proxy(target, {
    get(_, key) {
      if (key === 'toJSON' || key === Symbol.toPrimitive || key === 'toString') return expression;
      if (typeof key === 'symbol') return undefined;
      return refs(path + segment(key));
    },
    // `{ ...reference }` would be an empty object: only the running workflow knows what the reference holds.
    ownKeys: () => {
      throw new FleetError(
        'config',
        `The reference ${expression()} cannot be spread; hand on what is below it by name.`,
      );
    },
  });
}

/** The server reads paths as JSONPath, where a dot goes before plain names only; others are quoted, and resolve to null if not. */
function segment(key: string): string {
  if (/^[\w-]+$/.test(key)) return `.${key}`;
  // The server finds the end of an expression by its braces, quoted or not.
  if (/[{}\p{Cc}]/u.test(key)) {
    throw new FleetError(
      'config',
      `No reference can name ${JSON.stringify(key)}: braces and control characters cannot be written.`,
    );
  }
  return `['${key.replaceAll(/[\\']/g, '\\$&')}']`;
}

/** The element of a list at `index`, which the list may be too short for. */
export function at<E>(list: Ref<readonly E[]>, index: number): Refs<E | undefined> {
  return refs(`${list.toJSON().slice(2, -1)}[${index}]`);
}

/**
 * Plain JSON of a wired object. Conductor takes no expression in the place of a task's or a workflow's parameters, so a reference
 * to a whole object becomes one reference for each key of its schema.
 */
export function toParameters(value: unknown, schema: z.ZodType): Record<string, unknown> {
  const json = toJson(value);
  if (typeof json !== 'string') return json as Record<string, unknown>;
  if (!(schema instanceof z.ZodObject) || (schema.def.catchall && !(schema.def.catchall instanceof z.ZodNever))) {
    throw new FleetError('config', `${json} cannot stand for an object with keys that its schema does not name.`);
  }
  const whole = value as Refs<Record<string, unknown>>;
  return toJson(Object.fromEntries(Object.keys(schema.shape).map((key) => [key, whole[key]]))) as Record<
    string,
    unknown
  >;
}

/** Plain JSON of a wired value: every reference has become its expression. Undefined properties are gone. */
export function toJson<T>(value: T): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
