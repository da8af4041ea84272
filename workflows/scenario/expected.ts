/** What a value must be: objects need only hold what is given, lists are compared whole, a RegExp must match a text. */
export type Expected<T> = unknown extends T
  ? unknown
  : T extends readonly (infer E)[]
    ? readonly Expected<E>[]
    : T extends object
      ? { readonly [K in keyof T]?: Expected<T[K]> | null }
      : T extends string
        ? T | RegExp
        : T;

/** A value that must be as given and hold nothing else. */
export interface Exactly<T = unknown> {
  readonly kind: 'exactly';
  readonly value: T;
}

/** Allows no keys but those that are given. */
export function exactly<T>(value: T): Exactly<T> {
  return { kind: 'exactly', value };
}
