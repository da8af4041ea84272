/** A text of an item in which words are searched. Every item has the same places, in the same order. */
export interface Place {
  /** How much a match in this text counts. */
  readonly weight: number;
  readonly text: string;
}

/** Finds items by words, the best match first. A query without words finds every item, in the given order. */
export type WordSearch<T> = (query: string) => T[];

/** How soon further matches of the same word add no more: BM25's k1. */
const SATURATION = 1.2;
/** How strongly the length of a text lowers the weight of its matches, from 0 to 1: BM25's b. */
const LENGTH_SHARE = 0.6;

/** Prepares a search with BM25F: rare words count most, further matches of a word count less, and so do matches in long texts. */
export function wordSearch<T>(items: readonly T[], placesOf: (item: T) => readonly Place[]): WordSearch<T> {
  const indexed = items.map((item) => placesOf(item).map(({ weight, text }) => ({ weight, words: wordsOf(text) })));
  const averages = (indexed[0] ?? []).map((_, place) =>
    mean(indexed.map((places) => places[place]?.words.length ?? 0)),
  );
  const frequencyIn = (places: readonly IndexedPlace[], word: string) =>
    places.reduce((sum, { weight, words }, place) => {
      const length = words.length / Math.max(1, averages[place] ?? 1);
      const matches = words.reduce((all, other) => all + similarity(other, word), 0);
      return sum + (weight * matches) / (1 - LENGTH_SHARE + LENGTH_SHARE * length);
    }, 0);
  return (query) => {
    const words = new Set(wordsOf(query));
    if (words.size === 0) return [...items];
    const scores = items.map(() => 0);
    for (const word of words) {
      const frequencies = indexed.map((places) => frequencyIn(places, word));
      const rarity = Math.log(1 + items.length / Math.max(1, frequencies.filter((one) => one > 0).length));
      for (const [at, one] of frequencies.entries())
        scores[at] = (scores[at] ?? 0) + (rarity * one) / (SATURATION + one);
    }
    return items
      .map((item, at) => ({ item, score: scores[at] ?? 0 }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score)
      .map(({ item }) => item);
  };
}

interface IndexedPlace {
  readonly weight: number;
  readonly words: readonly string[];
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / Math.max(1, numbers.length);
}

/** True if the text has one of the words of the query, or a similar word. */
export function hasWordOf(query: string, text: string): boolean {
  const words = wordsOf(text);
  return wordsOf(query).some((word) => words.some((other) => similarity(other, word) > 0));
}

/** How similar two words are: 1 if they are equal, 0.7 if one word begins with the other without its last letter, as `pausing` begins with `paus`. */
function similarity(a: string, b: string): number {
  if (a === b) return 1;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.length >= 4 && long.startsWith(short.slice(0, -1)) ? 0.7 : 0;
}

/** `getWorkflowDef` becomes get, workflow and def. */
function wordsOf(text: string): string[] {
  return text
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 1 && !STOP_WORDS.has(word));
}

const STOP_WORDS = new Set(
  'the an of to in on is are it and or for with by which what how all api its from at be do does my that this when'.split(
    ' ',
  ),
);
