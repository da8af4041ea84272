import { isObject } from '../../../core/json.ts';
import { propertyKey, stringLiteral } from './literals.ts';
import type { Name } from './names.ts';

/**
 * TypeScript that is to be printed: a text as it is, parts one after the other, or something in brackets.
 * A text with line breaks is a template literal.
 */
export type Code = string | readonly Code[] | Bracketed | Arrow;

/** An object or an array: on one line if it is short, else one entry per line. */
export interface Bracketed {
  kind: 'bracketed';
  brackets: '{}' | '[]';
  entries: readonly Code[];
  /** Its length on one line, `Infinity` if it needs several lines. Known from the start, so that printing stays linear. */
  width: number;
}

/** A function that adds tasks: one statement per line. */
export interface Arrow {
  kind: 'arrow';
  /** Printed as far as the body uses them. */
  params: readonly Name[];
  body: readonly Statement[];
}

export interface Statement {
  /** What comes before the value: `return`, or the name of a constant that is declared if something uses it. */
  head?: 'return' | 'export default' | Name;
  value: Code;
  /** Which task the statement adds. */
  adds?: string;
}

export interface Printed {
  source: string;
  /** The task that the innermost statement around a line adds. Lines are counted from 1. */
  taskAt(line: number): string | undefined;
}

const WIDTH = 120;

/** `{ key: value, … }` */
export function object(entries: readonly (readonly [key: string, value: Code])[]): Bracketed {
  return bracketed(
    '{}',
    entries.map(([key, value]) => (key === value && key === propertyKey(key) ? key : [propertyKey(key), ': ', value])),
  );
}

/** `[item, …]` */
export function array(items: readonly Code[]): Bracketed {
  return bracketed('[]', items);
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
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

function bracketed(brackets: '{}' | '[]', entries: readonly Code[]): Bracketed {
  const width = entries.reduce<number>((sum, entry) => sum + widthOf(entry) + 2, 4);
  return { kind: 'bracketed', brackets, entries, width };
}

function widthOf(code: Code): number {
  if (typeof code === 'string') return code.includes('\n') ? Number.POSITIVE_INFINITY : code.length;
  if ('kind' in code) return code.kind === 'arrow' ? Number.POSITIVE_INFINITY : code.width;
  return code.reduce<number>((sum, part) => sum + widthOf(part), 0);
}

/** Statements and whole lines as one source text. */
export function print(parts: readonly (string | Statement)[]): Printed {
  const printer = new Printer();
  for (const part of parts) printer.part(part);
  return { source: `${printer.lines.join('\n')}\n`, taskAt: (line) => printer.tasks[line - 1] };
}

class Printer {
  readonly lines: string[] = [];
  readonly tasks: (string | undefined)[] = [];
  /** Undefined before anything of the line is written. */
  #line: string | undefined;
  #indent = '';

  part(part: string | Statement): void {
    const first = this.lines.length;
    if (typeof part === 'string') this.#write(part);
    else this.#statement(part);
    this.#newLine();
    if (typeof part === 'string' || part.adds === undefined) return;
    // The statements inside are printed already, and keep their lines.
    for (let line = first; line < this.lines.length; line++) this.tasks[line] ??= part.adds;
  }

  #statement({ head, value }: Statement): void {
    if (typeof head === 'string') this.#write(`${head} `);
    else if (head?.isUsed) this.#write(`const ${head.text} = `);
    this.#code(value);
    this.#write(';');
  }

  #code(code: Code): void {
    if (typeof code === 'string') this.#write(code);
    else if (!('kind' in code)) for (const part of code) this.#code(part);
    else if (code.kind === 'arrow') this.#arrow(code);
    else if (code.entries.length === 0) this.#write(code.brackets);
    else if ((this.#line ?? this.#indent).length + code.width <= WIDTH) this.#flat(code);
    else this.#lines(code);
  }

  #lines({ brackets, entries }: Bracketed): void {
    const [open = '', close = ''] = brackets;
    this.#block(open, close, () => {
      for (const entry of entries) {
        this.#code(entry);
        this.#write(',');
        this.#newLine();
      }
    });
  }

  #flat({ brackets, entries }: Bracketed): void {
    const [open = '', close = ''] = brackets;
    const space = open === '{' ? ' ' : '';
    this.#write(open + space);
    for (const [index, entry] of entries.entries()) {
      if (index > 0) this.#write(', ');
      this.#code(entry);
    }
    this.#write(space + close);
  }

  #arrow({ params, body }: Arrow): void {
    const used = params.findLastIndex(({ isUsed }) => isUsed) + 1;
    const names = params.slice(0, used).map(({ text }) => text);
    const head = `(${names.join(', ')}) => {`;
    if (body.length === 0) this.#write(`${head}}`);
    else {
      this.#block(head, '}', () => {
        for (const statement of body) this.part(statement);
      });
    }
  }

  #block(open: string, close: string, inside: () => void): void {
    const around = this.#indent;
    this.#write(open);
    this.#newLine();
    this.#indent = `${around}  `;
    inside();
    this.#indent = around;
    this.#write(close);
  }

  #write(text: string): void {
    const [first = '', ...others] = text.split('\n');
    this.#line = (this.#line ?? this.#indent) + first;
    for (const other of others) {
      this.lines.push(this.#line);
      this.#line = other; // inside a template literal, where an indent would be part of the text
    }
  }

  #newLine(): void {
    this.lines.push(this.#line ?? '');
    this.#line = undefined;
  }
}
