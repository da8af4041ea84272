/** Words that cannot name a constant, and names that the generated code already uses for another purpose. */
const RESERVED = new Set(
  `abstract any arguments as async at await boolean branch break case catch class const constructor continue debugger declare default
  delete do else enum eval export extends false finally for from function get if implements import in infer input instanceof
  interface is keyof let module namespace never new null number object of package private protected public readonly require
  return round set static string super switch symbol this throw true try type typeof undefined unique unknown using var void wf while
  with yield z Object Array String Number Boolean Infinity NaN globalThis process Symbol Promise`.split(/\s+/),
);

/** A name in the generated file. Its constant or import is declared only if other code uses the name. */
export class Name {
  readonly text: string;
  #isUsed = false;

  constructor(text: string) {
    this.text = text;
  }

  get isUsed(): boolean {
    return this.#isUsed;
  }

  /** Returns the name for code that refers to it. From this call on, the name counts as used. */
  use(): string {
    this.#isUsed = true;
    return this.text;
  }
}

/** Makes identifiers from the letters and digits of names on the server. It never returns the same identifier twice. */
export class Names {
  readonly #taken = new Set<string>();

  /** Reserves exactly this name, which must be a free identifier. */
  claim(text: string): Name {
    this.#taken.add(text);
    return new Name(text);
  }

  /** `charge_card-2` becomes `chargeCard2`. A name without usable letters becomes `otherwise`. */
  make(from: string, otherwise: string): Name {
    const joined = camel(from);
    const named = joined === '' ? otherwise : /^\d/.test(joined) ? `${otherwise}${joined}` : joined;
    const base = (RESERVED.has(named) ? `${otherwise}${upperFirst(named)}` : named).slice(0, 60);
    let text = base;
    for (let number = 2; this.#taken.has(text) || RESERVED.has(text); number++) text = `${base}${number}`;
    return this.claim(text);
  }
}

/** A key for the branch of a fork, made from the text `from`. The key only has to differ from the keys in `taken`. */
export function branchKey(from: string, taken: readonly string[]): string {
  const joined = camel(from);
  const base = /^[a-z]/i.test(joined) ? joined : `branch${joined}`;
  let key = base;
  for (let number = 2; taken.includes(key); number++) key = `${base}${number}`;
  return key;
}

function camel(from: string): string {
  const words = from.match(/[A-Za-z0-9]+/g) ?? [];
  return words.map((word, index) => (index === 0 ? lowerFirst(word) : upperFirst(word))).join('');
}

/** `HTTPCall` becomes `httpCall`, `OrderProcessing` becomes `orderProcessing`. */
function lowerFirst(word: string): string {
  return word.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
}

function upperFirst(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
