/** A query that the server cannot parse. The message says what is wrong; `at` is the index in the query. */
export class JqSyntaxError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

export interface JqToken {
  /** The symbol or keyword itself, or the class of the token. */
  readonly kind: string;
  readonly text: string;
  readonly at: number;
}

const KEYWORDS: ReadonlySet<string> = new Set(
  'and or true false null if then elif else end as def reduce foreach try catch label import include module'.split(' '),
);

const NUMBER = /(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_][A-Za-z_0-9]*/y;
/** The longer symbols come first. */
const SYMBOL = /\/\/=|\/\/|==|!=|>=|<=|\|=|\+=|-=|\*=|\/=|%=|\.\.|[.><+\-*/%=();[\]?$|@{}:,"]/y;
const BLANK = /(?:[ \t\r\n]|#[^\r\n]*)+/y;
/** The text of a string up to its end or to a query inside it. Line breaks and tabs must be escaped. */
const CHARACTERS = /(?:[^"\\\f\n\r\t]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4})+/y;

/**
 * Splits a query into tokens as jackson-jq 0.0.13 does, the jq of the server. A string becomes `"`, its characters, and `\(` … `)` for each
 * query in it, and another `"`.
 * @throws JqSyntaxError
 */
export function jqTokens(query: string): JqToken[] {
  return new Tokens(query).all();
}

class Tokens {
  readonly #query: string;
  readonly #found: JqToken[] = [];
  /** For each string around the current place: how many parentheses are open in the query around it. */
  readonly #strings: number[] = [];
  #open = 0;
  #inString = false;
  #at = 0;

  constructor(query: string) {
    this.#query = query;
  }

  all(): JqToken[] {
    while (this.#at < this.#query.length) {
      if (this.#inString) this.#string();
      else this.#code();
    }
    this.#push('end of query', '');
    return this.#found;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#query)?.[0];
  }

  #push(kind: string, text = kind): void {
    this.#found.push({ kind, text, at: this.#at });
    this.#at += text.length;
  }

  #code(): void {
    const blank = this.#match(BLANK);
    const number = this.#match(NUMBER);
    const word = this.#match(WORD);
    if (blank !== undefined) this.#at += blank.length;
    else if (number !== undefined) this.#push('number', number);
    else if (word !== undefined) this.#push(KEYWORDS.has(word) ? word : 'name', word);
    else this.#symbol();
  }

  #symbol(): void {
    const symbol = this.#match(SYMBOL);
    if (symbol === undefined) this.#fail();
    if (symbol === '(') this.#open += 1;
    if (symbol === ')') this.#closeParenthesis();
    if (symbol === '"') this.#inString = true;
    this.#push(symbol);
    // A field follows its dot directly. `. foo` is not a field.
    const field = symbol === '.' ? this.#match(WORD) : undefined;
    if (field !== undefined) this.#push('field', field);
  }

  #closeParenthesis(): void {
    if (this.#open > 0) {
      this.#open -= 1;
      return;
    }
    const outer = this.#strings.pop();
    if (outer === undefined) throw new JqSyntaxError('")" closes nothing', this.#at);
    this.#open = outer;
    this.#inString = true;
  }

  #string(): void {
    const characters = this.#match(CHARACTERS);
    if (characters !== undefined) this.#push('characters', characters);
    else if (this.#query.startsWith('\\(', this.#at)) {
      this.#strings.push(this.#open);
      this.#open = 0;
      this.#inString = false;
      this.#push('\\(');
    } else if (this.#query[this.#at] === '"') {
      this.#inString = false;
      this.#push('end of string', '"');
    } else this.#fail();
  }

  #fail(): never {
    throw new JqSyntaxError(unexpected(this.#query, this.#at), this.#at);
  }
}

function unexpected(query: string, at: number): string {
  const character = String.fromCodePoint(query.codePointAt(at) ?? 0);
  if (character === "'") return `"'" is not allowed: a string is written in double quotes`;
  if (/\s/.test(character)) return 'a line break or tab in a string must be written as \\n or \\t';
  return `${JSON.stringify(query.startsWith('\\', at) ? query.slice(at, at + 2) : character)} is not allowed`;
}
