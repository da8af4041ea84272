/**
 * Definitions on the server are data. Only these functions turn data into code. A text stays inside its literal, a key stays a key, and
 * characters that an editor does not show are escaped.
 */

/** Control characters, line breaks, halves of surrogate pairs, and characters that are invisible or change the writing direction. */
const UNSEEN =
  /[\p{Cc}\p{Cf}\p{Co}\u2028\u2029\u00a0\u2000-\u200a\u202f\u205f\u3000\ufeff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Writes a text as a string literal. A text of several lines becomes a template literal, because people can read it better. */
export function stringLiteral(value: string): string {
  return /\S\n\s*\S/.test(value) ? `\`${templatePart(value)}\`` : quoted(value);
}

/** Writes a text as a part of a template literal, without the backticks. */
export function templatePart(value: string): string {
  return value
    .replaceAll(/\\|`|\$(?=\{)/g, '\\$&')
    .replaceAll(UNSEEN, (found) => (found === '\n' ? found : escapedCharacter(found)));
}

/** The key of a property. */
export function propertyKey(key: string): string {
  if (key === '__proto__') return "['__proto__']"; // without brackets, it would set the prototype
  return isIdentifier(key) ? key : quoted(key);
}

/** Writes the access to a property: `.key`, or `['key']` if the key is not an identifier. */
export function memberAccess(key: string): string {
  return isIdentifier(key) ? `.${key}` : `[${quoted(key)}]`;
}

function isIdentifier(key: string): boolean {
  return /^[A-Za-z_$][\w$]*$/.test(key);
}

/** Writes a text as a string literal on one line, with the quotes that need fewer escapes. */
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
