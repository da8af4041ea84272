import type { FormField } from '../../shared/form-field.ts';

/** What a field holds: a value, nothing, or what is wrong with it. */
export type FieldRead = { readonly value: unknown } | { readonly isLeftOut: true } | { readonly problem: string };

const LEFT_OUT: FieldRead = { isLeftOut: true };

/** Reads what a person wrote into a field. An empty field is left out. */
export function readField(field: FormField, text: string): FieldRead {
  if (text.trim() === '') return field.isRequired ? { problem: 'This field is needed.' } : LEFT_OUT;
  switch (field.kind) {
    case 'text':
      return readText(field, text);
    case 'number':
    case 'integer':
      return readNumber(field, text);
    case 'boolean':
      return { value: text === 'true' };
    case 'choice':
      return { value: field.choices?.find((choice) => JSON.stringify(choice) === text) };
    case 'json':
      return readJson(text);
    case 'object':
      return readObject(text);
    default:
      return looksLikeJson(text) ? readJson(text) : { value: text };
  }
}

/** The text with which a field begins. */
export function startText({ kind, start }: FormField): string {
  if (start === undefined) return '';
  if (typeof start === 'string' && (kind === 'text' || (kind === 'any' && !looksLikeJson(start)))) return start;
  return JSON.stringify(start, null, kind === 'json' || kind === 'object' ? 2 : undefined);
}

function readText({ shortest = 0, longest = Number.POSITIVE_INFINITY, pattern }: FormField, text: string): FieldRead {
  if (text.length < shortest) return { problem: `Write at least ${shortest} characters.` };
  if (text.length > longest) return { problem: `Write at most ${longest} characters.` };
  return pattern === undefined || fits(pattern, text) ? { value: text } : { problem: `Write it as ${pattern} asks.` };
}

/** A pattern that a browser cannot read is left to the server. */
function fits(pattern: string, text: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(text);
  } catch {
    return true;
  }
}

function readNumber({ kind, least, most }: FormField, text: string): FieldRead {
  const value = Number(text);
  if (!Number.isFinite(value)) return { problem: 'Write a number, such as 12.5.' };
  if (kind === 'integer' && !Number.isInteger(value)) return { problem: 'Write a whole number, such as 12.' };
  if (least !== undefined && value < least) return { problem: `Write ${least} or more.` };
  if (most !== undefined && value > most) return { problem: `Write ${most} or less.` };
  return { value };
}

function readJson(text: string): FieldRead {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}.` };
  }
}

function readObject(text: string): FieldRead {
  const read = readJson(text);
  const isObject =
    'value' in read && typeof read.value === 'object' && read.value !== null && !Array.isArray(read.value);
  return 'problem' in read || isObject ? read : { problem: 'Write an object, such as {"a": 1}.' };
}

/** True for a number, `true`, `false`, `null`, and for what begins as a list, an object or a text in quotes. */
function looksLikeJson(text: string): boolean {
  return /^\s*(?:[[{"]|(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?)\s*$)/.test(text);
}
