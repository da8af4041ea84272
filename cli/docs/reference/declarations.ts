import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A statement of a module of types. */
interface Statement {
  readonly name: string;
  readonly kind: string;
  readonly isExported: boolean;
  /** The docstring without its marks. */
  readonly docstring: string;
  /** The statement without its docstring. */
  readonly text: string;
}

/** A public name and the statements that declare it; a function may have several. */
export interface Declaration {
  readonly name: string;
  readonly kind: string;
  /** The module of types that declares it, or a package. */
  readonly module: string;
  readonly docstring: string;
  readonly text: string;
}

const COMMENT = String.raw`/\*\*(?:(?!\*/)[\s\S])*\*/\n`;
const KEYWORD = '(?:export|import|declare|interface|type|class|abstract|function|const)\\b';
/** A statement begins with its docstring, if it has one. */
const START = new RegExp(`^(${COMMENT})?${KEYWORD}`, 'gm');
const NAMED = /^(?:export )?(?:declare )?(?:abstract )?(const|function|class|interface|type) (\w+)/;

/** The names that an entry exports, in its order. */
export function declarationsOf(entry: string): Declaration[] {
  return exportsOf(entry).map(({ name, from, original, docstring }) => {
    if (!from.endsWith('.d.ts'))
      return { name, kind: 'package', module: from, docstring, text: `export { ${name} } from '${from}';` };
    return { ...declarationIn(from, original), name };
  });
}

/** The declaration of a name, and of the class that it extends, and so on. */
export function baseOf({ module, text }: Declaration): Declaration | undefined {
  const [, base] = /^[^{]* extends (\w+)/.exec(text) ?? [];
  if (base === undefined) return undefined;
  const imported = new RegExp(`^import (?:type )?\\{[^}]*\\b${base}\\b[^}]*\\} from '(\\.[^']+)'`, 'm').exec(
    readFileSync(module, 'utf8'),
  )?.[1];
  return imported === undefined ? undefined : declarationIn(join(dirname(module), typesOf(imported)), base);
}

/** The declarations in the same module that a text uses and that the module does not export. */
export function privateTypesIn(module: string, text: string): string[] {
  return statementsOf(module)
    .filter(({ kind, isExported }) => !isExported && (kind === 'type' || kind === 'interface'))
    .filter(({ name }) => new RegExp(`\\b${name}\\b`).test(text))
    .map((statement) => statement.text);
}

/** Removes the marks of a docstring. */
export function plainDocstring(comment: string): string {
  return comment
    .trim()
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    .join('\n')
    .trim();
}

function declarationIn(module: string, name: string): Declaration {
  const again = exportsOf(module).find((exported) => exported.name === name);
  if (again) return declarationIn(again.from, again.original);
  const found = statementsOf(module).filter((statement) => statement.name === name);
  const [first] = found;
  if (!first) throw new Error(`${module} does not declare ${name}.`);
  const text = found.map((statement) => statement.text).join('\n');
  const docstring = found.find((statement) => statement.docstring !== '')?.docstring ?? '';
  return { name, kind: first.kind, module, docstring, text };
}

function exportsOf(module: string): { name: string; original: string; from: string; docstring: string }[] {
  const lists = readFileSync(module, 'utf8').matchAll(
    new RegExp(`^(${COMMENT})?export (?:type )?\\{([^}]*)\\} from '([^']+)';`, 'gm'),
  );
  return [...lists].flatMap(([, comment = '', names = '', from = '']) =>
    names
      .split(',')
      .map((part) => part.trim().replace(/^type /, ''))
      .filter((part) => part !== '')
      .map((part) => {
        const [original = '', name = original] = part.split(' as ');
        const target = from.startsWith('.') ? join(dirname(module), typesOf(from)) : from;
        return { name, original, from: target, docstring: plainDocstring(comment) };
      }),
  );
}

function statementsOf(module: string): Statement[] {
  const text = readFileSync(module, 'utf8');
  const starts = [...text.matchAll(START)];
  return starts.flatMap(({ index, 1: comment = '' }, at) => {
    const code = text.slice(index + comment.length, starts[at + 1]?.index).trim();
    const [, kind, name] = NAMED.exec(code) ?? [];
    if (kind === undefined || name === undefined) return [];
    return [
      {
        kind,
        name,
        docstring: plainDocstring(comment),
        isExported: code.startsWith('export '),
        text: code.replace(/^export (?:declare )?/, ''),
      },
    ];
  });
}

function typesOf(module: string): string {
  return module.replace(/\.[jt]s$/, '.d.ts');
}
