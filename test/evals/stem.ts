/**
 * Returns the stem of a lower-case English word. For example, `executes`, `executed` and `execution` have the same stem. It removes
 * endings in the order of Porter's stemmer: plural, participle, final e, then one derivational ending. A stem need not be a word.
 */
export function stem(word: string): string {
  if (word.length <= 3) return word;
  return withoutEnding(withoutFinalE(withoutParticiple(withoutPlural(word))));
}

/** A shorter stem would match too many words. */
const SHORTEST_STEM = 4;
const ENDINGS = ['ation', 'ment', 'anc', 'enc', 'ur', 'ion', 'al', 'er', 'or', 'ly', 'at'];
const VOWEL = /[aeiouy]/;

function withoutPlural(word: string): string {
  if (word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (/(ss|x|ch|sh)es$/.test(word)) return word.slice(0, -2);
  return /[^su]s$/.test(word) ? word.slice(0, -1) : word;
}

function withoutParticiple(word: string): string {
  if (word.endsWith('ied')) return `${word.slice(0, -3)}y`;
  const [, base] = /^(.{2,}?)(?:ed|ing)$/.exec(word) ?? [];
  if (base === undefined || !VOWEL.test(base)) return word;
  return /([^aeiouls])\1$/.test(base) ? base.slice(0, -1) : base;
}

function withoutFinalE(word: string): string {
  return word.length > SHORTEST_STEM && word.endsWith('e') ? word.slice(0, -1) : word;
}

function withoutEnding(word: string): string {
  const ending = ENDINGS.find((end) => word.endsWith(end) && word.length - end.length >= SHORTEST_STEM);
  return ending ? word.slice(0, -ending.length) : word;
}
