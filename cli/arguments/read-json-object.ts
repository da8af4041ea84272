import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';
import { parseExactly } from '../../core/json.ts';
import { readText } from './text-file.ts';

/**
 * Reads a JSON object from the command line: the text itself, `@file.json`, or `-` for stdin.
 * @throws FleetError `input` that names the flag and shows an example
 */
export function readJsonObject(text: string, about: { flag: string; example: string }): Record<string, unknown> {
  const file = text === '-' ? 0 : text.startsWith('@') ? text.slice(1) : undefined;
  const source = file === undefined ? text : readText(file, `Give ${about.flag} a file that you can read.`);
  let value: unknown;
  try {
    value = parseExactly(source);
  } catch (cause) {
    const remedy = `Write a JSON object in single quotes: ${about.flag} '${about.example}'.`;
    throw new FleetError('input', `${about.flag} is not JSON: ${messageOf(cause)}`, { remedy, cause });
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (parsed.success) return parsed.data;
  const remedy = `Write it like ${about.flag} '${about.example}'.`;
  throw new FleetError('input', `${about.flag} must be a JSON object.`, { remedy });
}
