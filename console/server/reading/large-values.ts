/** A larger value would make the page slow, so it is named and not sent. */
const LARGEST_CHARACTERS = 1_000_000;

/** The same values; each one that is too large is replaced by a sentence that says where to get it. */
export function withoutLarge<T extends Record<string, unknown>>(values: T): T {
  const entries = Object.entries(values).map(([name, value]) => [name, isLarge(value) ? sentenceFor(value) : value]);
  return Object.fromEntries(entries) as T; // the same keys; a sentence is shown like every other value
}

function isLarge(value: unknown): boolean {
  return (JSON.stringify(value) ?? '').length > LARGEST_CHARACTERS;
}

function sentenceFor(value: unknown): string {
  const megabytes = (JSON.stringify(value).length / 1_000_000).toFixed(1);
  return `This value has ${megabytes} MB of JSON, which is too much for a page. See it in the terminal: fleet status <id> --json`;
}
