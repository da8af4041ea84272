import { isObject } from '../../../core/json.ts';
import { propertyKey, quoted, stringLiteral } from './literals.ts';
import type { Name } from './names.ts';

/**
 * TypeScript code to print: a text, a list of parts one after the other, brackets, or a function. A text has several lines only in a
 * template literal.
 */
export type Code = string | readonly Code[] | Brackets | Arrow;

/** An object or a list. It is printed on one line if it fits, else with one entry per line. */
interface Brackets {
  kind: 'brackets';
  open: '{ ' | '[';
  close: ' }' | ']';
  entries: readonly Code[];
  /** The length of the code on one line; `Infinity` if it needs several lines. It is computed once, so that printing takes linear time. */
  width: number;
}

/** A function that adds tasks. Only the parameters that the body uses are printed. */
export interface Arrow {
  kind: 'arrow';
  params: readonly Name[];
  body: readonly Statement[];
}

export interface Statement {
  /** The text before the value: a keyword, or the declaration of a constant if other code uses the constant. */
  head?: 'return' | 'export default' | Name;
  value: Code;
  /** The reference of the task that the statement adds. */
  adds?: string;
}

export interface Printed {
  source: string;
  /** The reference of the task that the innermost statement around a line adds. Lines are counted from 1. */
  taskAt(line: number): string | undefined;
}

const WIDTH = 120;

/** `{ key: value, … }` */
export function object(entries: readonly (readonly [key: string, value: Code])[]): Code {
  const isShort = (key: string, value: Code) => key === value && key === propertyKey(key);
  const codes = entries.map(([key, value]) => (isShort(key, value) ? key : [propertyKey(key), ': ', value]));
  return codes.length === 0
    ? '{}'
    : { kind: 'brackets', open: '{ ', close: ' }', entries: codes, width: widthOf(codes, 2) };
}

/** `[item, …]` */
export function array(entries: readonly Code[]): Code {
  return entries.length === 0 ? '[]' : { kind: 'brackets', open: '[', close: ']', entries, width: widthOf(entries, 2) };
}

/** `callee(arg, …)` */
export function call(callee: Code, args: readonly Code[]): Code {
  return [callee, '(', ...args.flatMap((arg, index) => (index === 0 ? [arg] : [', ', arg])), ')'];
}

/** A JSON value as a literal. */
export function literal(value: unknown): Code {
  if (typeof value === 'string') return stringLiteral(value);
  if (Array.isArray(value)) return array(value.map(literal));
  if (isObject(value)) return object(Object.entries(value).map(([key, item]) => [key, literal(item)] as const));
  if (JSON.isRawJSON(value)) return `JSON.rawJSON(${quoted(JSON.stringify(value))})`; // a number that JavaScript would round
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

/** @param gap the width of the separator between two parts */
function widthOf(code: Code, gap = 0): number {
  if (typeof code === 'string') return code.includes('\n') ? Number.POSITIVE_INFINITY : code.length;
  if ('kind' in code) return code.kind === 'arrow' ? Number.POSITIVE_INFINITY : code.width;
  return code.reduce<number>((sum, part) => sum + widthOf(part) + gap, gap);
}

/** Prints lines and statements as one source text. */
export function print(parts: readonly (string | Statement)[]): Printed {
  const printer = new Printer();
  for (const part of parts) {
    if (typeof part === 'string') printer.line(part);
    else printer.statement(part);
  }
  return { source: `${printer.lines.join('\n')}\n`, taskAt: (line) => printer.tasks[line - 1] };
}

class Printer {
  readonly lines: string[] = [];
  /** The task of each printed line; undefined if the line belongs to no task. */
  readonly tasks: (string | undefined)[] = [];
  /** The current line; undefined until a part of it is printed. */
  #line: string | undefined;
  #indent = '';

  statement({ head, value, adds }: Statement): void {
    const first = this.lines.length;
    if (typeof head === 'string') this.#text(`${head} `);
    else if (head?.isUsed) this.#text(`const ${head.text} = `);
    this.#code(value);
    this.line(';');
    // The lines of inner statements already have their task, so they keep it.
    for (let line = first; adds !== undefined && line < this.lines.length; line++) this.tasks[line] ??= adds;
  }

  /** Appends a text to the current line and ends the line. */
  line(text: string): void {
    this.#text(text);
    this.lines.push(this.#line ?? '');
    this.#line = undefined;
  }

  #text(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#line = (this.#line ?? this.#indent) + first;
    for (const other of others) {
      this.lines.push(this.#line);
      this.#line = other; // the inside of a template literal: an indent would become a part of its text
    }
  }

  #code(code: Code): void {
    if (typeof code === 'string') this.#text(code);
    else if (!('kind' in code)) for (const part of code) this.#code(part);
    else if (code.kind === 'arrow') this.#arrow(code);
    else if ((this.#line ?? this.#indent).length + code.width <= WIDTH) this.#flat(code);
    else {
      this.#block(code.open.trim(), code.close.trim(), () => {
        for (const entry of code.entries) {
          this.#code(entry);
          this.line(',');
        }
      });
    }
  }

  #flat({ open, entries, close }: Brackets): void {
    this.#text(open);
    for (const [index, entry] of entries.entries()) this.#code(index === 0 ? entry : [', ', entry]);
    this.#text(close);
  }

  #arrow({ params, body }: Arrow): void {
    const used = params.slice(0, params.findLastIndex(({ isUsed }) => isUsed) + 1).map(({ text }) => text);
    const head = `(${used.join(', ')}) => {`;
    if (body.length === 0) this.#text(`${head}}`);
    else this.#block(head, '}', () => body.forEach((statement) => void this.statement(statement)));
  }

  #block(open: string, close: string, inside: () => void): void {
    const around = this.#indent;
    this.line(open);
    this.#indent = `${around}  `;
    inside();
    this.#indent = around;
    this.#text(close);
  }
}
