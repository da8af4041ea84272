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

/** What is below a `T`; `A` is `undefined` or `null` if the `T` itself may be missing. Elements of arrays: `at`. */
type Walk<T, A> = T extends readonly unknown[]
  ? unknown
  : T extends object
    ? { readonly [K in keyof T]-?: Refs<T[K] | A> }
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
      return refs(`${path}.${key}`);
    },
    // Objects that mix literals and references are walked by JSON.stringify, which must not see a reference as an object.
    ownKeys: () => [],
  });
}

/** The element of a list at `index`, which the list may be too short for. */
export function at<E>(list: Ref<readonly E[]>, index: number): Refs<E | undefined> {
  return refs(`${list.toJSON().slice(2, -1)}[${index}]`);
}

/** Plain JSON of a wired value: every reference has become its expression. Undefined properties are gone. */
export function toJson<T>(value: T): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
}
