/** Words that cannot name a constant, and names that the generated code uses for something else. */
const RESERVED = new Set(
  `abstract any arguments as async at await boolean break case catch class const constructor continue debugger declare default
  delete do else enum eval export extends false finally for from function get if implements import in infer input instanceof
  interface is keyof let module namespace never new null number object of package private protected public readonly require
  return set static string super switch symbol this throw true try type typeof undefined unique unknown using var void wf while
  with yield z Object Array String Number Boolean Infinity NaN globalThis process Symbol Promise`.split(/\s+/),
);

/** What the functions of branches call what they are handed; only those around one another need different names. */
const PARAMETER = /^(branch|loop|round|otherwise)\d*$/;

/** Identifiers for whatever names a server holds: made of their letters and digits, each given out once. */
export class Names {
  readonly #taken = new Set<string>();

  /** Gives out exactly this name, which must be a free identifier. */
  claim(name: string): string {
    this.#taken.add(name);
    return name;
  }

  /** A name for a property, which need not be unlike other names. */
  keyFor(from: string): string {
    const key = camel(from);
    return /^[a-z]/i.test(key) ? key : `branch${key}`;
  }

  /** `charge_card-2` becomes `chargeCard2`; what has no usable letters is called after `otherwise`. */
  make(from: string, otherwise: string): string {
    const joined = camel(from);
    const named = joined === '' ? otherwise : /^\d/.test(joined) ? `${otherwise}${joined}` : joined;
    const base = RESERVED.has(named) || PARAMETER.test(named) ? `${otherwise}${upperFirst(named)}` : named;
    let name = base.slice(0, 60);
    for (let number = 2; this.#taken.has(name) || RESERVED.has(name) || PARAMETER.test(name); number++)
      name = `${base.slice(0, 60)}${number}`;
    return this.claim(name);
  }
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
