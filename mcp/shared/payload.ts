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

/** Fits values into one byte budget: small values stay whole, large values share the rest equally. */
export function fitPayloads(values: readonly (readonly [name: string, value: Json])[], budgetBytes: number): Payload[] {
  const sized = values.map(([name, value]) => {
    const json = JSON.stringify(value);
    return { name, value, json, bytes: Buffer.byteLength(json) };
  });
  const limit = fairLimit(
    sized.map(({ bytes }) => bytes),
    budgetBytes,
  );
  return sized.map(({ name, value, json, bytes }) => {
    if (bytes <= limit) return { name, value, shown: json };
    const characters = Math.floor((limit / bytes) * json.length);
    return { name, shown: `${clip(json, characters)}… [cut: ${characters} of ${json.length} characters]` };
  });
}

/** The uncut values, by name. */
export function wholeValues(payloads: readonly Payload[]): Partial<Record<string, Json>> {
  return Object.fromEntries(payloads.flatMap(({ name, value }) => (value ? [[name, value]] : [])));
}

/** Names of the values that were cut. */
export function cutNames(payloads: readonly Payload[]): string[] {
  return payloads.filter(({ value }) => value === undefined).map(({ name }) => name);
}

/** The bytes of a budget that the payloads use. */
export function bytesShown(payloads: readonly Payload[]): number {
  return payloads.reduce((sum, { shown }) => sum + Buffer.byteLength(shown), 0);
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
