import type { ReadResourceResult } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { FleetError } from '../../core/errors.ts';
import { clip } from '../../core/text.ts';
import { withQuery } from './address.ts';

/** Bytes reserved for the envelope, the address and the note about the next part. */
const ENVELOPE_BYTES = 2048;

const offsetSchema = z.coerce.number().int().min(0);

/** Splits an address into its offset in characters and the address of the whole text. @throws FleetError `input` for a wrong offset */
export function readOffset(uri: string): { offset: number; whole: string } {
  const [address = '', search = ''] = uri.split('?', 2);
  const query = new URLSearchParams(search);
  const asked = query.get('offset');
  if (asked === null) return { offset: 0, whole: uri };
  query.delete('offset');
  const offset = offsetSchema.safeParse(asked);
  if (!offset.success) throw new FleetError('input', 'offset must be a whole number of characters.');
  return { offset: offset.data, whole: query.size > 0 ? `${address}?${query}` : address };
}

export interface Whole {
  /** The address of the whole text, without an offset. */
  readonly uri: string;
  readonly text: string;
  readonly mimeType: string;
  readonly meta?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The contents from `offset`: the whole text, or a part within both limits and the address of the next part. A part is plain text even
 * if the whole is JSON or SVG, because a part of JSON or SVG cannot be parsed.
 */
export function contentsFrom(
  { uri, text, mimeType, meta }: Whole,
  offset: number,
  limits: { characters: number; bytes: number },
): ReadResourceResult['contents'] {
  if (offset > 0 && offset >= text.length) {
    throw new FleetError('input', `offset must be below ${text.length}, the length of the text.`);
  }
  const part = fitting(text.slice(offset), limits);
  if (part.length === text.length) return [{ uri, mimeType, text, ...(meta && { _meta: { ...meta } }) }];
  const end = offset + part.length;
  const shown = { uri: offset > 0 ? withQuery(uri, 'offset', offset) : uri, mimeType: 'text/plain', text: part };
  if (end === text.length) return [shown];
  const next = withQuery(uri, 'offset', end);
  const note = `[Cut here: characters ${offset} to ${end} of ${text.length}. The rest is the resource ${next}]`;
  return [shown, { uri: next, mimeType: 'text/plain', text: note }];
}

function fitting(text: string, { characters, bytes }: { characters: number; bytes: number }): string {
  const most = clip(text, characters);
  const budget = bytes - ENVELOPE_BYTES;
  const size = (part: string) => Buffer.byteLength(JSON.stringify(part));
  if (size(most) <= budget) return most;
  let [fits, tooMuch] = [1, most.length];
  while (tooMuch - fits > 1) {
    const middle = Math.floor((fits + tooMuch) / 2);
    if (size(most.slice(0, middle)) <= budget) fits = middle;
    else tooMuch = middle;
  }
  return clip(most, fits);
}
