import { JqSyntaxError, type JqToken } from './jq-tokens.ts';

/** The query is nested so deeply that reading it could exhaust the stack. */
export class TooDeep extends Error {}

const MOST_LEVELS = 300;

/** What a message calls a class of tokens. */
const LONG_NAMES: Readonly<Record<string, string>> = {
  'a value': 'a value',
  name: 'a name',
  characters: 'the end of a string',
  '"': 'a field or a string',
};

/** Reads tokens one by one. */
export class JqReader {
  readonly #tokens: readonly JqToken[];
  #at = 0;
  #level = 0;

  constructor(tokens: readonly JqToken[]) {
    this.#tokens = tokens;
  }

  protected get next(): JqToken {
    return this.#tokens[this.#at] as JqToken; // the last token is "end of query", and no rule takes it
  }

  protected is(...kinds: string[]): boolean {
    return kinds.includes(this.next.kind);
  }

  protected take(...kinds: string[]): boolean {
    const is = this.is(...kinds);
    if (is) this.#at += 1;
    return is;
  }

  protected expect(kind: string): string {
    const { text } = this.next;
    if (!this.take(kind)) this.fail(kind);
    return text;
  }

  protected fail(expected?: string): never {
    const { kind, text, at } = this.next;
    const found = kind === 'end of query' ? 'the query ends' : `"${text}" is not allowed here`;
    const wanted = expected === undefined ? '' : `, where ${LONG_NAMES[expected] ?? `"${expected}"`} is expected`;
    throw new JqSyntaxError(`${found}${wanted}`, at);
  }

  /** True if the token after the next two is of this kind. */
  protected isAfterNext(kind: string): boolean {
    return this.#tokens[this.#at + 2]?.kind === kind;
  }

  /** Counts the nesting. @throws TooDeep */
  protected enter(): void {
    this.#level += 1;
    if (this.#level > MOST_LEVELS) throw new TooDeep();
  }

  protected leave(): void {
    this.#level -= 1;
  }
}
