import { clip } from '../../core/text.ts';

type Json = Record<string, unknown>;

/** A value from a workflow: the whole value, or its beginning up to a size limit. */
export interface Payload {
  readonly name: string;
  /** Absent if the value was cut, because a reader could mistake a part for the whole value. */
  readonly value?: Json;
  /** For the text of the answer: the JSON, or its beginning and a note. */
  readonly shown: string;
}

/**
 * Fits values into one byte budget: small values stay whole, large values share the rest equally.
 * @param bytesOf measures a value, given as JSON
 */
export function fitPayloads(
  values: readonly (readonly [name: string, value: Json])[],
  budgetBytes: number,
  bytesOf: (json: string) => number = Buffer.byteLength,
): Payload[] {
  const sized = values.map(([name, value]) => {
    const json = JSON.stringify(value);
    return { name, value, json, bytes: bytesOf(json) };
  });
  const limit = fairLimit(
    sized.map(({ bytes }) => bytes),
    budgetBytes,
  );
  return sized.map(({ name, value, json, bytes }) => {
    if (bytes <= limit) return { name, value, shown: json };
    const shown = clipToBytes(json, limit, bytesOf);
    return { name, shown: `${shown}… [cut: ${shown.length} of ${json.length} characters]` };
  });
}

/** The beginning of a JSON text that has at most `limit` bytes, as `bytesOf` measures them. */
export function clipToBytes(json: string, limit: number, bytesOf: (json: string) => number): string {
  let characters = Math.floor((limit / bytesOf(json)) * json.length);
  // The beginning can need more bytes per character than the whole value.
  while (characters > 0 && bytesOf(clip(json, characters)) > limit) characters = Math.floor(characters * 0.9);
  return clip(json, characters);
}

/** The uncut values, by name. */
export function wholeValues(payloads: readonly Payload[]): Partial<Record<string, Json>> {
  return Object.fromEntries(payloads.flatMap(({ name, value }) => (value ? [[name, value]] : [])));
}

/** Names of the values that were cut. */
export function cutNames(payloads: readonly Payload[]): string[] {
  return payloads.filter(({ value }) => value === undefined).map(({ name }) => name);
}

/** How many bytes a JSON text takes in an answer that holds it twice: as text with escaped quotes, and as structure. */
export function bytesShownTwice(json: string): number {
  return Buffer.byteLength(JSON.stringify(json)) + Buffer.byteLength(json);
}

/** The size limit per value that keeps all values together within the budget. */
function fairLimit(sizes: readonly number[], budget: number): number {
  let left = budget;
  let waiting = sizes.length;
  for (const size of [...sizes].sort((a, b) => a - b)) {
    if (size > left / waiting) return Math.floor(left / waiting);
    left -= size;
    waiting -= 1;
  }
  return Number.POSITIVE_INFINITY;
}
