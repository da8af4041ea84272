import { isObject } from '../../../core/json.ts';
import { array, type Code, object, type Text, text } from './code.ts';

/**
 * Everything from a server is data. These functions are the only way from it into code: no text leaves a literal, no name leaves
 * the place of a key, and what an editor would not show is escaped.
 */

/** Control characters, what breaks lines, halves of pairs, and what is invisible or turns the direction of writing. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Co}\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f\u3000\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A JSON value as a literal. `textOf` may say how a text in it is to be written. */
export function literal(value: unknown, textOf: (text: string) => Code = stringLiteral): Code {
  if (typeof value === 'string') return textOf(value);
  if (Array.isArray(value)) return array(value.map((item) => literal(item, textOf)));
  if (isObject(value)) return object(Object.entries(value).map(([key, item]) => [key, literal(item, textOf)] as const));
  // A number is written as a formatter would: `1e21` and not `1e+21`.
  return text(value === undefined ? 'undefined' : JSON.stringify(value).replace('e+', 'e'));
}

/** A text as a string literal; one of several lines as a template literal, as a person would write it. */
export function stringLiteral(value: string): Text {
  return text(/\S\n\s*\S/.test(value) ? `\`${templatePart(value)}\`` : quoted(value));
}

/** A part of a template literal, without its backticks. */
export function templatePart(value: string): string {
  return value
    .replaceAll(/\\|`|\$(?=\{)/g, '\\$&')
    .replaceAll(UNSEEN, (found) => (found === '\n' ? found : escapedCharacter(found)));
}

/** The key of a property as it is written: plain where it can be. */
export function propertyKey(key: string): string {
  if (key === '__proto__') return "['__proto__']"; // any other form sets the prototype
  return isIdentifier(key) ? key : quoted(key);
}

/** `.key`, or `['key']` where a plain name cannot stand. */
export function memberAccess(key: string): string {
  return isIdentifier(key) ? `.${key}` : `[${quoted(key)}]`;
}

/** Whether it can stand where a property is named. */
export function isIdentifier(key: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(key);
}

/** A text as a string literal on one line, between the quotes that need fewer escapes. */
export function quoted(value: string): string {
  const quote = value.split("'").length > value.split('"').length ? '"' : "'";
  const escaped = value.replaceAll('\\', '\\\\').replaceAll(quote, `\\${quote}`).replaceAll(UNSEEN, escapedCharacter);
  return `${quote}${escaped}${quote}`;
}

function escapedCharacter(found: string): string {
  const code = found.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${code.toString(16)}}`;
  return SHORT[found] ?? (code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
