/**
 * Edits one entry of a JSON text and leaves every other byte alone, comments and trailing commas included:
 * the files of MCP clients are written by people, and hold more than what is ours.
 */

/** The text is no JSON, or something in it is not the object that it has to be. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

interface Node {
  readonly start: number;
  /** The index after its last character. */
  readonly end: number;
  readonly value: unknown;
  /** For objects. */
  readonly members?: readonly Member[];
}

interface Member {
  readonly key: string;
  readonly start: number;
  readonly node: Node;
  /** Index of the comma behind it, if there is one. */
  readonly comma: number | undefined;
}

/** Path of an entry: the object of the root that holds it, and its name there. */
export type EntryPath = readonly [section: string, name: string];

/** The value of the entry; undefined where it, or what holds it, is not there. @throws JsonTextError */
export function entryIn(text: string, [section, name]: EntryPath): unknown {
  if (text.trim() === '') return undefined;
  const holder = find(rootOf(text), section);
  return holder && find(asObject(holder.node, `"${section}"`), name)?.node.value;
}

/** The text with the entry set to `value`. An empty text becomes a file. @throws JsonTextError */
export function withEntry(text: string, [section, name]: EntryPath, value: unknown): string {
  if (text.trim() === '') return `${JSON.stringify({ [section]: { [name]: value } }, null, 2)}\n`;
  const root = rootOf(text);
  const style = styleOf(text, root);
  const holder = find(root, section);
  if (!holder) return insert(text, root, section, { [name]: value }, 1, style);
  const entries = asObject(holder.node, `"${section}"`);
  const entry = find(entries, name);
  if (!entry) return insert(text, entries, name, value, 2, style);
  return text.slice(0, entry.node.start) + print(value, 2, style) + text.slice(entry.node.end);
}

/** The text without the entry; the same text where there is none. @throws JsonTextError */
export function withoutEntry(text: string, [section, name]: EntryPath): string {
  if (text.trim() === '') return text;
  const holder = find(rootOf(text), section);
  const members = holder && asObject(holder.node, `"${section}"`).members;
  const index = members?.findLastIndex(({ key }) => key === name) ?? -1;
  const entry = members?.[index];
  if (!members || !entry) return text;
  const cuts: [number, number][] = [lineOf(text, entry)];
  if (entry.comma !== undefined) cuts.push([entry.comma, entry.comma + 1]);
  const before = members[index - 1]?.comma;
  if (entry === members.at(-1) && entry.comma === undefined && before !== undefined) cuts.push([before, before + 1]);
  return cuts.sort(([a], [b]) => b - a).reduce((rest, [from, to]) => rest.slice(0, from) + rest.slice(to), text);
}

/** What to cut of a member without its comma: with the line break before it where it ends its line, so that no empty line stays. */
function lineOf(text: string, { start, node, comma }: Member): [number, number] {
  const behind = text.slice(comma === undefined ? node.end : comma + 1);
  const lead = /\s*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  return /^[ \t]*\r?\n/.test(behind) ? [start - lead, node.end] : [start, node.end];
}

interface Style {
  readonly unit: string;
  readonly eol: string;
}

function styleOf(text: string, { members = [] }: Node): Style {
  const first = members[0];
  const indent = first && /\n([ \t]+)[^\n]*$/.exec(text.slice(0, first.start))?.[1];
  return { unit: indent ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function print(value: unknown, depth: number, { unit, eol }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + unit.repeat(depth));
}

/** Behind the last member and the comments that follow it. */
function insert(text: string, object: Node, key: string, value: unknown, depth: number, style: Style): string {
  const { unit, eol } = style;
  const last = object.members?.at(-1);
  const close = object.end - 1;
  const gap = /\s*$/.exec(text.slice(0, close))?.[0] ?? '';
  const place = close - gap.length;
  const lastEnd = last?.node.end ?? place;
  return [
    text.slice(0, lastEnd),
    last && last.comma === undefined ? ',' : '',
    text.slice(lastEnd, place),
    `${eol}${unit.repeat(depth)}${JSON.stringify(key)}: ${print(value, depth, style)}`,
    gap.includes('\n') ? gap : eol + unit.repeat(depth - 1),
    text.slice(close),
  ].join('');
}

/** As parsers do, the last of several of one name. */
function find({ members = [] }: Node, key: string): Member | undefined {
  return members.findLast((member) => member.key === key);
}

function rootOf(text: string): Node {
  const reader = new Reader(text);
  const root = reader.value();
  reader.end();
  return asObject(root, 'The file');
}

function asObject(node: Node, what: string): Node {
  if (node.members === undefined) throw new JsonTextError(`${what} is not an object`);
  return node;
}

const TRIVIA = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const STRING = /"(?:[^"\\\n]|\\.)*"/y;
const SCALAR = /-?\d[\d.eE+-]*|true|false|null/y;

/** Reads JSON, and between its parts comments and commas at the end. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): Node {
    this.#take(TRIVIA);
    const start = this.#at;
    const next = this.#text[start];
    if (next === '{') return this.#object(start);
    if (next === '[') return this.#array(start);
    const value = this.#parsed(this.#take(next === '"' ? STRING : SCALAR));
    return { start, end: this.#at, value };
  }

  end(): void {
    this.#take(TRIVIA);
    if (this.#at < this.#text.length) this.#fail();
  }

  #object(start: number): Node {
    const members: Member[] = [];
    this.#items('}', () => {
      const at = this.#at;
      const key = String(this.#parsed(this.#take(STRING)));
      this.#take(TRIVIA);
      if (!this.#skip(':')) this.#fail();
      const node = this.value();
      return (comma) => members.push({ key, start: at, node, comma });
    });
    const value = Object.fromEntries(members.map(({ key, node }) => [key, node.value]));
    return { start, end: this.#at, value, members };
  }

  #array(start: number): Node {
    const values: unknown[] = [];
    this.#items(']', () => {
      const { value } = this.value();
      return () => values.push(value);
    });
    return { start, end: this.#at, value: values };
  }

  /** Reads up to `close`; `item` reads one and returns what to do once it is known where its comma is. */
  #items(close: string, item: () => (comma: number | undefined) => void): void {
    this.#at += 1;
    for (;;) {
      this.#take(TRIVIA);
      if (this.#skip(close)) return;
      const keep = item();
      this.#take(TRIVIA);
      const comma = this.#skip(',') ? this.#at - 1 : undefined;
      keep(comma);
      if (comma !== undefined) continue;
      if (!this.#skip(close)) this.#fail();
      return;
    }
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? this.#fail();
    this.#at += found.length;
    return found;
  }

  #parsed(token: string): unknown {
    try {
      return JSON.parse(token);
    } catch {
      return this.#fail();
    }
  }

  #fail(): never {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    throw new JsonTextError(`line ${line} is not JSON`);
  }
}
