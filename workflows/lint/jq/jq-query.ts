import { isJqFunction } from './jq-functions.ts';
import { JqReader, TooDeep } from './jq-reader.ts';
import { JqSyntaxError, jqTokens } from './jq-tokens.ts';

/** The names that a query uses but that neither the query nor the server's jq defines. */
export interface JqQuery {
  /** Functions and formats as `name/number of arguments`, e.g. `todate/0`, `@base64d/0`. */
  readonly unknownFunctions: readonly string[];
  /** Variables without `$`. */
  readonly unknownVariables: readonly string[];
}

/**
 * Reads a query as the server's jq (jackson-jq 0.0.13) does. Its grammar is stricter than jq's: `if` needs an `else`, and a field of an
 * object whose value begins with a parenthesis ends with this parenthesis.
 * @throws JqSyntaxError
 */
export function parseJq(query: string): JqQuery {
  return new Parser(jqTokens(query)).start();
}

const OPERATORS: ReadonlySet<string> = new Set(
  '* / % + - == != > >= < <= and or // = |= += -= *= /= %= //='.split(' '),
);
/** Tokens that may be the key of an object. */
const KEY_WORDS: ReadonlySet<string> = new Set(
  'name if then elif else end as def true false and or null reduce foreach try catch label import include module'.split(
    ' ',
  ),
);

/** Follows the rules of jackson-jq's grammar one by one. Each method reads one rule, and decides by the next token like the original. */
class Parser extends JqReader {
  readonly #calls = new Set<string>();
  readonly #reads = new Set<string>();
  readonly #functions = new Set<string>();
  readonly #variables = new Set<string>();

  start(): JqQuery {
    try {
      this.#query();
    } catch (error) {
      if (error instanceof TooDeep) return { unknownFunctions: [], unknownVariables: [] };
      throw error;
    }
    if (!this.is('end of query')) this.fail();
    return {
      unknownFunctions: [...this.#calls].filter((call) => !this.#functions.has(call) && !isJqFunction(call)),
      unknownVariables: [...this.#reads].filter((name) => !this.#variables.has(name)),
    };
  }

  /** Queries joined by `|`, also with `as`. Inside the field of an object, a comma ends the query. */
  #query(withComma = true): void {
    let isJoined = true;
    while (isJoined) {
      this.#operators();
      while (withComma && this.take(',')) this.#operators();
      const names = this.take('as');
      if (names) this.#pattern();
      isJoined = this.take('|');
      if (names && !isJoined) this.fail('|');
    }
  }

  #operators(): void {
    do this.#primary();
    while (this.take(...OPERATORS));
  }

  #primary(): void {
    this.enter();
    do while (this.is('def')) this.#definition();
    while (this.take('-'));
    if (this.take('.')) this.#this();
    else if (this.take('$')) {
      this.#reads.add(this.expect('name'));
      this.#accessors();
    } else if (this.take('(')) {
      this.#query();
      this.expect(')');
      this.#accessors();
      this.take('?');
    } else if (this.is('if')) this.#conditional();
    else if (this.is('reduce', 'foreach')) this.#fold();
    else if (this.take('try')) {
      this.#query();
      if (this.take('catch')) this.#primary();
    } else if (!this.take('..')) {
      this.#value();
      this.#accessors();
    }
    this.leave();
  }

  /** A value that accessors may follow. */
  #value(): void {
    if (this.is('"', '@')) this.#stringOrFormat();
    else if (this.is('name')) this.#call();
    else if (this.take('{')) this.#object();
    else if (this.take('[')) {
      if (!this.is(']')) this.#query();
      this.expect(']');
    } else if (!this.take('number', 'null', 'true', 'false')) this.fail('a value');
  }

  #definition(): void {
    this.expect('def');
    const name = this.expect('name');
    let arity = 0;
    if (this.take('(')) {
      do {
        const isVariable = this.take('$');
        const parameter = this.expect('name');
        this.#functions.add(`${parameter}/0`);
        if (isVariable) this.#variables.add(parameter);
        arity += 1;
      } while (this.take(';'));
      this.expect(')');
    }
    this.#functions.add(`${name}/${arity}`);
    this.expect(':');
    this.#query();
    this.expect(';');
  }

  #call(): void {
    const name = this.expect('name');
    let arity = 0;
    if (this.take('(') && !this.take(')')) {
      do {
        this.#query();
        arity += 1;
      } while (this.take(';'));
      this.expect(')');
    }
    this.#calls.add(`${name}/${arity}`);
  }

  #conditional(): void {
    this.expect('if');
    do {
      this.#query();
      this.expect('then');
      this.#query();
    } while (this.take('elif'));
    this.expect('else');
    this.#query();
    this.expect('end');
  }

  #fold(): void {
    const isForeach = this.take('foreach') || !this.take('reduce');
    this.#primary();
    this.expect('as');
    this.#pattern();
    this.expect('(');
    this.#query();
    this.expect(';');
    this.#query();
    if (isForeach && this.take(';')) this.#query();
    this.expect(')');
  }

  #pattern(): void {
    this.enter();
    if (this.take('$')) {
      this.#variables.add(this.expect('name'));
    } else if (this.take('[')) {
      do this.#pattern();
      while (this.take(','));
      this.expect(']');
    } else {
      this.expect('{');
      do {
        this.#patternKey();
        this.expect(':');
        this.#pattern();
      } while (this.take(','));
      this.expect('}');
    }
    this.leave();
  }

  #patternKey(): void {
    if (this.take('(')) {
      this.#query();
      this.expect(')');
    } else if (!this.take(...KEY_WORDS)) this.#string();
  }

  #object(): void {
    if (this.take('}')) return;
    do this.#field();
    while (this.take(','));
    this.expect('}');
  }

  #field(): void {
    if (this.take('$')) {
      const { text } = this.next;
      if (!this.take(...KEY_WORDS)) this.fail('name');
      this.#reads.add(text);
    } else if (this.take('(')) {
      this.#query();
      this.expect(')');
      this.expect(':');
      this.#fieldValue();
    } else {
      if (!this.take(...KEY_WORDS)) this.#string();
      if (this.take(':')) this.#fieldValue();
    }
  }

  #fieldValue(): void {
    if (!this.take('(')) {
      this.#query(false);
      return;
    }
    this.#query();
    this.expect(')');
    if (this.is(',', '}')) return;
    const { text, at } = this.next;
    throw new JqSyntaxError(
      `"${text}" follows the parentheses of a value in { }: put the whole value into parentheses`,
      at,
    );
  }

  #stringOrFormat(): void {
    const isFormat = this.is('@') && !this.isAfterNext('"');
    if (isFormat) this.#format();
    else this.#string();
  }

  #format(): void {
    this.expect('@');
    this.#calls.add(`@${this.expect('name')}/0`);
  }

  #string(): void {
    if (this.is('@')) this.#format();
    this.expect('"');
    while (!this.take('end of string')) {
      if (this.take('\\(')) {
        this.#query();
        this.expect(')');
      } else this.expect('characters');
    }
  }

  /** What may follow `.`: a field, a string or brackets, and more of them. */
  #this(): void {
    if (!this.is('field', '"', '@', '[')) return;
    if (this.is('[')) this.#brackets();
    else this.#fieldName();
    this.#accessors();
  }

  #accessors(): void {
    while (this.is('[', '.')) {
      if (this.take('.')) this.#fieldName();
      else this.#brackets();
    }
  }

  #fieldName(): void {
    if (!this.take('field')) this.#string();
    this.take('?');
  }

  #brackets(): void {
    this.expect('[');
    if (this.take(':')) {
      if (!this.is(']')) this.#query();
    } else if (!this.is(']')) {
      this.#query();
      if (this.take(':') && !this.is(']')) this.#query();
    }
    this.expect(']');
    this.take('?');
  }
}
