import { isObject } from '../../core/json.ts';
import { escaped } from './walk.ts';

/** A `${…}` in a definition. */
export interface Expression {
  /** What stands between the braces, e.g. `charge.output.receiptId`. */
  path: string;
  /** JSON pointer from the value that was searched to the text that holds it. */
  pointer: string;
  /** The whole text is this expression, so that it keeps the type of what it refers to. */
  whole: boolean;
}

/** Every expression in a value, in order. `$${…}` is the server's way to write a plain `${…}`, and none. */
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
