import type { ArrayCode, Arrow, Call, Chain, Code, ObjectCode, Statement } from './code.ts';
import { propertyKey } from './literals.ts';

/**
 * Writes code as the repository's formatter would leave it: 120 columns, two spaces, what fits on one line on one line. It knows only
 * what `Code` can say, and of that only the layouts that pulled definitions come to; a test runs the formatter over what it wrote.
 */
const WIDTH = 120;

/** Stands around the code of a marked call. No literal holds these characters, so that none can be taken for one. */
const MARK = /\ue000(\d+)\ue001|\ue002/g;

/** Code with the place of every mark in it. */
export interface Printed {
  source: string;
  /** What the innermost mark around a line and a column, both counted from 1, says. */
  markAt(line: number, column: number): string | undefined;
}

/** Statements and declarations as one source text. */
export function print(parts: readonly (string | Statement)[]): Printed {
  const marks: string[] = [];
  const printer = new Printer(marks);
  const marked = parts.map((part) => (typeof part === 'string' ? part : printer.statement(part, 0))).join('\n');
  return locate(`${marked}\n`, marks);
}

function locate(marked: string, marks: readonly string[]): Printed {
  const regions: { mark: string; start: number; end: number }[] = [];
  const open: (typeof regions)[number][] = [];
  let source = '';
  let end = 0;
  for (const found of marked.matchAll(MARK)) {
    source += marked.slice(end, found.index);
    end = found.index + found[0].length;
    if (found[1] === undefined) {
      const region = open.pop();
      if (region) region.end = source.length;
    } else {
      const region = { mark: marks[Number(found[1])] ?? '', start: source.length, end: Number.POSITIVE_INFINITY };
      regions.push(region);
      open.push(region);
    }
  }
  source += marked.slice(end);
  const lines = source.split('\n');
  return {
    source,
    markAt(line, column) {
      const offset = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
      return regions.findLast((region) => region.start <= offset && offset < region.end)?.mark;
    },
  };
}

class Printer {
  readonly #marks: string[];

  constructor(marks: string[]) {
    this.#marks = marks;
  }

  statement(statement: Statement, indent: number): string {
    if (statement.kind === 'build') {
      const head = `export default ${this.#call(statement.define.callee, statement.define.args, 0, 15, 0)}.build(`;
      return `${head}${this.#arrow(statement.build, 0)});`;
    }
    const isConst = statement.kind === 'const' && statement.used();
    const head = statement.kind === 'return' ? 'return ' : isConst ? `const ${statement.name} = ` : '';
    const body = `${head}${this.#code(statement.value, indent, indent + head.length, 1)};`;
    return statement.kind === 'return' && statement.mark !== undefined ? this.#marked(statement.mark, body) : body;
  }

  /** `column` is where it begins, `tail` how many characters must still fit behind it. */
  #code(code: Code, indent: number, column: number, tail: number): string {
    const flat = this.#flat(code);
    if (flat !== undefined && column + width(flat) + tail <= WIDTH) return flat;
    switch (code.kind) {
      case 'text':
        return code.text;
      case 'object':
        return this.#object(code, indent);
      case 'array':
        return this.#array(code, indent);
      case 'call':
        return this.#markedCall(code, this.#call(code.callee, code.args, indent, column, tail));
      case 'chain':
        return this.#chain(code, indent);
      case 'arrow':
        return this.#arrow(code, indent);
    }
  }

  /** All of it on one line, or undefined if it has to have several. */
  #flat(code: Code): string | undefined {
    switch (code.kind) {
      case 'text':
        return code.text.includes('\n') ? undefined : code.text;
      case 'object': {
        if (code.entries.length === 0) return '{}';
        if (code.expanded) return undefined;
        const entries = this.#allFlat(code.entries.map(([, value]) => value));
        return entries && `{ ${code.entries.map(([key], index) => property(key, entries[index] ?? '')).join(', ')} }`;
      }
      case 'array': {
        const items = isMatrix(code) ? undefined : this.#allFlat(code.items);
        return items && `[${items.join(', ')}]`;
      }
      case 'call': {
        const args = this.#allFlat(code.args);
        return args && this.#markedCall(code, `${code.callee}(${args.join(', ')})`);
      }
      case 'chain': {
        const calls = code.calls.map(({ method, args }) => ({ method, args: this.#allFlat(args) }));
        if (calls.some(({ args }) => args === undefined)) return undefined;
        return `${code.base}${calls.map(({ method, args }) => `.${method}(${args?.join(', ')})`).join('')}`;
      }
      case 'arrow': {
        if (code.body.length === 0) return `${code.params()} => {}`;
        const [only] = code.body;
        if (code.body.length > 1 || !only || only.kind === 'build' || (only.kind === 'const' && only.used()))
          return undefined;
        const value = only.value.kind === 'object' ? undefined : this.#flat(only.value);
        return value && `${code.params()} => ${value}`;
      }
    }
  }

  #allFlat(codes: readonly Code[]): string[] | undefined {
    const flat: string[] = [];
    for (const code of codes) {
      const one = this.#flat(code);
      if (one === undefined) return undefined;
      flat.push(one);
    }
    return flat;
  }

  #object({ entries }: ObjectCode, indent: number): string {
    const inner = indent + 2;
    const lines = entries.map(([key, value]) => `${spaces(inner)}${this.#entry(key, value, inner)},`);
    return `{\n${lines.join('\n')}\n${spaces(indent)}}`;
  }

  #entry(key: string, value: Code, indent: number): string {
    if (isShorthand(key, value)) return key;
    const head = `${propertyKey(key)}: `;
    const printed = this.#code(value, indent, indent + head.length, 1);
    // A text that is too long for its line goes onto the next one, unless the key is so short that nothing would be won.
    const isTooLong = value.kind === 'text' && indent + head.length + value.text.length + 1 > WIDTH;
    if (!isTooLong || value.text.startsWith('`') || head.length - 2 < 5) return `${head}${printed}`;
    return `${head.trimEnd()}\n${spaces(indent + 2)}${printed}`;
  }

  #array(code: ArrayCode, indent: number): string {
    const inner = indent + 2;
    const isNumbers = code.items.every((item) => item.kind === 'text' && /^-?[\d.e-]+$/.test(item.text));
    if (isNumbers) return `[\n${this.#filled(code, inner)},\n${spaces(indent)}]`;
    const items = code.items.map((item) => `${spaces(inner)}${this.#code(item, inner, inner, 1)},`);
    return `[\n${items.join('\n')}\n${spaces(indent)}]`;
  }

  /** Numbers stand as many to a line as fit. */
  #filled({ items }: ArrayCode, indent: number): string {
    const lines: string[] = [];
    for (const item of items) {
      const number = item.kind === 'text' ? item.text : '';
      const last = lines.at(-1);
      const joined = last === undefined ? undefined : `${last}, ${number}`;
      if (joined !== undefined && joined.length + 1 <= WIDTH) lines[lines.length - 1] = joined;
      else lines.push(`${spaces(indent)}${number}`);
    }
    return lines.join(',\n');
  }

  /** Its last argument may open on the line of the call, if all before it fit there; else each has a line of its own. */
  #call(callee: string, args: readonly Code[], indent: number, column: number, tail: number): string {
    if (args.length === 0) return `${callee}()`;
    const before = this.#allFlat(args.slice(0, -1));
    const last = args.at(-1);
    if (before && last && mayHug(last, args.at(-2))) {
      const head = `${callee}(${before.map((arg) => `${arg}, `).join('')}`;
      const opened = this.#opened(last, indent, column + width(head), tail + 1);
      const [first = ''] = opened.split('\n');
      if (column + width(head) + width(first) <= WIDTH) return `${head}${opened})`;
    }
    const inner = indent + 2;
    const lines = args.map((arg) => `${spaces(inner)}${this.#code(arg, inner, inner, 1)},`);
    return `${callee}(\n${lines.join('\n')}\n${spaces(indent)})`;
  }

  #opened(code: Code, indent: number, column: number, tail: number): string {
    if (code.kind === 'object') return this.#object(code, indent);
    if (code.kind === 'array') return this.#array(code, indent);
    if (code.kind === 'arrow') return this.#arrow(code, indent);
    return this.#code(code, indent, column, tail);
  }

  #chain({ base, calls }: Chain, indent: number): string {
    const inner = indent + 2;
    const lines = calls.map(({ method, args }) => {
      const flat = this.#allFlat(args);
      const one = `${spaces(inner)}.${method}(${flat?.join(', ')})`;
      if (flat && width(one) <= WIDTH - 1) return one;
      return `${spaces(inner)}${this.#call(`.${method}`, args, inner, inner, 0)}`;
    });
    return `${base}\n${lines.join('\n')}`;
  }

  #arrow({ params, body }: Arrow, indent: number): string {
    const inner = indent + 2;
    const lines = body.map((statement) => `${spaces(inner)}${this.statement(statement, inner)}`);
    return `${params()} => {\n${lines.join('\n')}\n${spaces(indent)}}`;
  }

  #markedCall(code: Call, printed: string): string {
    return code.mark === undefined ? printed : this.#marked(code.mark, printed);
  }

  #marked(mark: string, printed: string): string {
    return `\ue000${this.#marks.push(mark) - 1}\ue001${printed}\ue002`;
  }
}

function property(key: string, value: string): string {
  return key === value && key === propertyKey(key) ? key : `${propertyKey(key)}: ${value}`;
}

function isShorthand(key: string, value: Code): boolean {
  return value.kind === 'text' && value.text === key && key === propertyKey(key);
}

/** Several objects or several lists of more than one element each stand one to a line. */
function isMatrix({ items }: ArrayCode): boolean {
  if (items.length < 2) return false;
  const areObjects = items.every((item) => item.kind === 'object' && item.entries.length > 1);
  return areObjects || items.every((item) => item.kind === 'array' && item.items.length > 1);
}

function mayHug(last: Code, before: Code | undefined): boolean {
  if (last.kind === before?.kind) return false;
  if (last.kind === 'object') return last.entries.length > 0;
  if (last.kind === 'array') return last.items.length > 0;
  return last.kind === 'arrow';
}

function width(printed: string): number {
  return printed.replaceAll(MARK, '').length;
}

function spaces(count: number): string {
  return ' '.repeat(count);
}
