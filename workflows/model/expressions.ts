import { isObject } from '../../core/json.ts';
import { escaped } from './walk.ts';

/** A `${…}` expression in a definition. */
export interface Expression {
  /** The text between the braces, e.g. `charge.output.receiptId`. */
  path: string;
  /** JSON pointer from the searched value to the string that contains the expression. */
  pointer: string;
  /** True if the string consists only of this expression: it then keeps the type of the value. */
  whole: boolean;
}

/** Every expression in a value, in order. `$${…}` is not an expression: the server reads it as a literal `${…}`. */
export function expressionsIn(value: unknown, pointer = ''): Expression[] {
  if (typeof value === 'string') return inText(value, pointer);
  if (Array.isArray(value)) return value.flatMap((item, index) => expressionsIn(item, `${pointer}/${index}`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => expressionsIn(item, `${pointer}/${escaped(key)}`));
}

function inText(text: string, pointer: string): Expression[] {
  return [...text.matchAll(/(?<!\$)\$\{([^{}]*)\}/g)].map(([found, path = '']) => ({
    path: path.trim(),
    pointer,
    whole: found === text,
  }));
}
