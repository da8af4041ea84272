/** Refuses the cases in `C` that are no value of `T`: a misspelt one stands beside the right ones and would never be chosen. */
export type CasesOf<T extends string | number | boolean, C> = {
  [N in keyof C]: `${Exclude<N, symbol>}` extends `${T}` ? unknown : never;
};

/** Those members of a union of texts that stand for endlessly many: `string`, `${number}`. */
type Endless<K extends string> = K extends string ? (Record<never, never> extends Record<K, true> ? K : never) : never;

/** Refuses a value with endlessly many cases, because one that has none would fall through unseen. */
export type Countable<T extends string | number | boolean> = [Endless<`${T}`>] extends [never]
  ? unknown
  : 'a value of any text or number needs an `otherwise`';
