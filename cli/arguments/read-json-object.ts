import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { FleetError, messageOf } from '../../core/errors.ts';

/**
 * Reads a JSON object from the command line: the text itself, `@file.json`, or `-` for stdin.
 * @throws FleetError `input` that names the flag and shows an example
 */
export function readJsonObject(text: string, about: { flag: string; example: string }): Record<string, unknown> {
  const source = text === '-' ? readFile(0, 'stdin') : text.startsWith('@') ? readFile(text.slice(1)) : text;
  let value: unknown;
  try {
    value = JSON.parse(source);
  } catch (cause) {
    const remedy = `Write a JSON object in single quotes: ${about.flag} '${about.example}'.`;
    throw new FleetError('input', `${about.flag} is not JSON: ${messageOf(cause)}`, { remedy, cause });
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(value);
  if (parsed.success) return parsed.data;
  const remedy = `Write it like ${about.flag} '${about.example}'.`;
  throw new FleetError('input', `${about.flag} must be a JSON object.`, { remedy });
}

function readFile(file: string | number, name = `"${file}"`): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const remedy = 'Name a file that you can read.';
    throw new FleetError('input', `Cannot read ${name}: ${messageOf(cause)}.`, { remedy, cause });
  }
}
