/**
 * Sets, reads and removes one entry in the text of a client's configuration file, which is JSON with comments and trailing commas. Every
 * other byte stays as the person wrote it. `jsonc-parser` reads the text, but this module decides where the edit goes. The parser's own
 * `modify` removes comments beside a removed entry and moves comments when it adds an entry.
 */
import { applyEdits, createScanner, type Edit, type Node, type ParseError, parse, parseTree } from 'jsonc-parser';

/** The text is not JSON, or it holds another value where an object is required. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/** Path of an entry: the name of the section in the root object, and the name of the entry in that section. */
export type EntryPath = readonly [section: string, name: string];

/** The value of the entry. Undefined if the entry or its section does not exist. @throws JsonTextError */
export function entryIn(text: string, [section, name]: EntryPath): unknown {
  if (text.trim() === '') return undefined;
  const holder = find(rootOf(text), section);
  const entry = holder && find(sectionOf(holder, section), name);
  if (!entry) return undefined;
  const { offset, length } = valueNode(entry);
  return parse(text.slice(offset, offset + length), [], { allowTrailingComma: true });
}

/** Returns the text with the entry set to `value`. From an empty text, it makes a whole file. @throws JsonTextError */
export function withEntry(text: string, [section, name]: EntryPath, value: unknown): string {
  if (text.trim() === '') return `${JSON.stringify({ [section]: { [name]: value } }, null, 2)}\n`;
  const root = rootOf(text);
  const style = styleOf(text, root);
  const holder = find(root, section);
  if (!holder) return applyEdits(text, insertion(text, root, section, { [name]: value }, 1, style));
  const entries = sectionOf(holder, section);
  const entry = find(entries, name);
  if (!entry) return applyEdits(text, insertion(text, entries, name, value, 2, style));
  const { offset, length } = valueNode(entry);
  return applyEdits(text, [{ offset, length, content: print(value, 2, style) }]);
}

/** Returns the text without the entry. If the entry does not exist, returns the text unchanged. @throws JsonTextError */
export function withoutEntry(text: string, [section, name]: EntryPath): string {
  if (text.trim() === '') return text;
  const holder = find(rootOf(text), section);
  const entries = holder && sectionOf(holder, section);
  const entry = entries && find(entries, name);
  if (!entry) return text;
  const comma = commaAfter(text, entry);
  const before = entries.children?.[entries.children.indexOf(entry) - 1];
  const commaBefore = before && comma === undefined ? commaAfter(text, before) : undefined;
  const commas = [comma, commaBefore].filter((at) => at !== undefined);
  return applyEdits(text, [
    cutOf(text, entry, comma),
    ...commas.map((offset): Edit => ({ offset, length: 1, content: '' })),
  ]);
}

/** Cuts the entry. If nothing else follows on its line, also cuts the line break before the entry, so that no empty line remains. */
function cutOf(text: string, { offset, length }: Node, comma: number | undefined): Edit {
  const behind = text.slice(comma === undefined ? offset + length : comma + 1);
  const lead = /^[ \t]*\r?\n/.test(behind) ? (/\s*$/.exec(text.slice(0, offset))?.[0].length ?? 0) : 0;
  return { offset: offset - lead, length: lead + length, content: '' };
}

/** Adds a member after the last member and after the comments of that member. */
function insertion(text: string, object: Node, key: string, value: unknown, depth: number, style: Style): Edit[] {
  const { unit, eol } = style;
  const close = object.offset + object.length - 1;
  const gap = /\s*$/.exec(text.slice(0, close))?.[0] ?? '';
  const member = `${eol}${unit.repeat(depth)}${JSON.stringify(key)}: ${print(value, depth, style)}`;
  const end = gap.includes('\n') ? '' : eol + unit.repeat(depth - 1);
  // If the gap has a line break, the closing brace is already on its own line. Otherwise the edit replaces the gap.
  const inserted: Edit = { offset: close - gap.length, length: end === '' ? 0 : gap.length, content: member + end };
  const last = object.children?.at(-1);
  if (!last || commaAfter(text, last) !== undefined) return [inserted];
  return [{ offset: last.offset + last.length, length: 0, content: ',' }, inserted];
}

interface Style {
  readonly unit: string;
  readonly eol: string;
}

/** The indentation of the first member, and the line break that the file uses. */
function styleOf(text: string, { children = [] }: Node): Style {
  const first = children[0];
  const indent = first && /\n([ \t]+)[^\n]*$/.exec(text.slice(0, first.offset))?.[1];
  return { unit: indent ?? '  ', eol: text.includes('\r\n') ? '\r\n' : '\n' };
}

function print(value: unknown, depth: number, { unit, eol }: Style): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', eol + unit.repeat(depth));
}

/** The member of this name. If several members have this name, takes the last one, as `JSON.parse` does. */
function find({ children = [] }: Node, name: string): Node | undefined {
  return children.findLast((member) => member.children?.[0]?.value === name);
}

function valueNode({ children = [] }: Node): Node {
  const value = children[1];
  if (!value) throw new JsonTextError('a member has no value'); // the parser has already reported this error
  return value;
}

/** Position of the comma after a member. Comments may be in between. */
function commaAfter(text: string, { offset, length }: Node): number | undefined {
  const scanner = createScanner(text, true);
  scanner.setPosition(offset + length);
  scanner.scan();
  const at = scanner.getTokenOffset();
  return text[at] === ',' ? at : undefined;
}

function rootOf(text: string): Node {
  const errors: ParseError[] = [];
  // Editors on Windows may begin a file with a byte order mark, which the parser rejects.
  const root = parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
  const [error] = errors;
  if (error || !root) {
    const line = text.slice(0, error?.offset ?? 0).split('\n').length;
    throw new JsonTextError(`line ${line} is not JSON`);
  }
  return asObject(root, 'The file');
}

function sectionOf(member: Node, section: string): Node {
  return asObject(valueNode(member), `"${section}"`);
}

function asObject(node: Node, what: string): Node {
  if (node.type !== 'object') throw new JsonTextError(`${what} is not an object`);
  return node;
}
