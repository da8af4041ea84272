import { isObject } from '../../core/json.ts';
import { escaped } from '../model/walk.ts';

/** A `${…}` expression, as the server reads it. */
export interface ExpressionPath {
  /** The text between the braces, with its spaces. */
  readonly path: string;
  /** The text before the first dot or bracket: `workflow` or a task reference. */
  readonly head: string;
  /** The names below the head, e.g. `output`, `x`, `0` for `a.output.x[0]`. */
  readonly below: readonly string[];
  /** JSON pointer to the string that contains the expression. */
  readonly pointer: string;
  /** The string that contains the expression. */
  readonly text: string;
  /** True if the string consists only of this expression. */
  readonly whole: boolean;
}

/** An expression extends from `${` to the next `}`, unless another `${` is in between. `$${` is a literal `${`. */
const EXPRESSION = /(?<!\$)\$\{((?:(?!(?<!\$)\$\{)[^}])*)\}/g;

/** Every expression in a value, in order. */
export function pathsIn(value: unknown, pointer: string): ExpressionPath[] {
  if (typeof value === 'string') return value.includes('${') ? inText(value, pointer) : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => pathsIn(item, `${pointer}/${index}`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => pathsIn(item, `${pointer}/${escaped(key)}`));
}

function inText(text: string, pointer: string): ExpressionPath[] {
  return [...text.matchAll(EXPRESSION)].map(([found, path = '']) => {
    const [head = ''] = /^[^.[]*/.exec(path) ?? [];
    return { path, head, below: namesBelow(path.slice(head.length)), pointer, text, whole: found === text };
  });
}

/** `a.b['c d'][0]` as `a`, `b`, `c d`, `0`. */
function namesBelow(path: string): string[] {
  const names = path.matchAll(
    /([^.[\]]+)|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*([^\]]*?)\s*\]/g,
  );
  return [...names].map(([, plain, single, double, index]) => (plain ?? single ?? double ?? index ?? '').trim());
}

/** The parts that may follow a name in a path: a name, a call, an index, a slice, a filter, or a quoted name. */
const TOKENS = [
  /^\.\.?(?:\*|[^.[\]() *]+(?:\(\))?)/,
  /^\.\.?(?=\[)/,
  /^\[\s*\*\s*\]/,
  /^\[\s*-?\d+(?:\s*,\s*-?\d+)*\s*\]/,
  /^\[\s*(?:-?\d+)?\s*:\s*(?:-?\d+)?\s*\]/,
  /^\[\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:\s*,\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))*\s*\]/,
  /^\[\?\([^[\]]+\)\]/,
];

/** True if the server can compile the path. It may contain names, indices, slices, filters and calls without arguments. */
export function isReadable(path: string): boolean {
  if (path.trim() === '' || /^\s|\.$/.test(path)) return false;
  let rest = `.${path.trimEnd()}`;
  while (rest !== '') {
    const token = TOKENS.map((pattern) => pattern.exec(rest)?.[0]).find(Boolean);
    if (token === undefined) return false;
    rest = rest.slice(token.length);
  }
  return true;
}
