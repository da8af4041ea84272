import type { ToolListing } from '../../mcp/engine/tool-listing.ts';
import { EXECUTION_ID, moodOf, readRequest, withPhrases } from './reading.ts';
import { stem } from './stem.ts';
import { meaningsOf } from './thesaurus.ts';

/** The fields of a tool that the ranking reads. The tool lists of other servers have them too. */
export type RankedTool = Pick<ToolListing, 'name'> & {
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?: { readonly readOnlyHint?: boolean | undefined } | undefined;
};

/**
 * Weights of the fields in BM25F. Names and titles have high weights, because authors write them so that readers recognise the
 * tool. The first sentence of a description says what the tool is for; the rest and the parameters say how. Halving or doubling one
 * weight moves no score of the goldens by more than three points.
 */
const FIELDS = { name: 3, title: 2, first: 2, rest: 1, parameters: 0.5 } as const;
const SATURATION = 1.2;
/** How strongly the length of a field lowers its weight. */
const LENGTH_SHARE = 0.5;

/** Weight of a synonym, relative to the exact word. */
const MEANING_WEIGHT = 0.5;
/** Weight of the first word of a sentence, which usually names the action. */
const HEAD_WEIGHT = 1.5;
/** If the request is a question, tools that only read get this bonus. If it is an order, tools that write get it. */
const FITTING_HINT = 1.3;

/** Words that do not tell one request from another. */
const STOP_WORDS = new Set(
  `a about actually after all already also always am an and any anybody anyone anything are as ask at be because been before
  being but by can cant come conductor could did do does doesnt dont each either else even ever every everybody everyone
  everything exactly for from get gets getting give given go goes going gone good got had hand has have having he hello her
  here him his hour hours how i if in into is isnt it its just kind kindly know let like little look looking lot make makes
  may maybe me might minute minutes more most much must my myself need needs new no nobody none not nothing now of ok old on
  one ones only onto or other others our ours out own please put quite rather really right same say says second seconds see
  server shall she should shouldnt so some somebody someone something soon still such system take tell than thank thanks that
  the their them then there these they thing things this those though through to together too try until up us use used very
  want wants was wasnt way we well went were what whatever when where whether which while who whole whom whose will with
  within wont would yes yet you your yours`.split(/\s+/),
);

type Field = keyof typeof FIELDS;
type Counts = ReadonlyMap<string, number>;

/** A tool and how well it fits a request. A higher score is better; 0 means that they have no word in common. */
export interface Ranked {
  readonly name: string;
  readonly score: number;
}

/** Returns the stems of the words in a text. It splits names in `camelCase` and `snake_case`, and skips ids and numbers. */
export function stemsOf(text: string): string[] {
  const apart = text
    .replaceAll(/[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|_/g, ' ')
    .replaceAll(/([a-z\d])([A-Z])/g, '$1 $2');
  const words = apart.toLowerCase().match(/\b[a-z][a-z\d]+\b/g) ?? [];
  return words.filter((word) => !STOP_WORDS.has(word)).map(stem);
}

/**
 * Prepares BM25F over the fields of these tools. Returns a function that ranks all tools for a request: the best first, and tools
 * with equal scores by name.
 */
export function createRanking(tools: readonly RankedTool[]): (request: string) => Ranked[] {
  const names = new Set(tools.map(({ name }) => name));
  const documents = tools.map((tool) => ({
    name: tool.name,
    fields: countsOf(tool, names),
    onlyReads: tool.annotations?.readOnlyHint === true,
  }));
  const averages = Object.fromEntries(
    fields.map((field) => [field, mean(documents.map((document) => size(document.fields[field])))]),
  ) as Record<Field, number>;
  const rarity = rarityIn(documents.map((document) => union(document.fields)));
  const frequency = (counts: Record<Field, Counts>, term: string) =>
    fields.reduce((sum, field) => {
      const length = averages[field] === 0 ? 1 : size(counts[field]) / averages[field];
      return sum + (FIELDS[field] * (counts[field].get(term) ?? 0)) / (1 - LENGTH_SHARE + LENGTH_SHARE * length);
    }, 0);

  return (request) => {
    const mood = moodOf(request);
    const terms = weightsOf(readRequest(request), mood === 'question' ? 1 : HEAD_WEIGHT);
    const fits = (onlyReads: boolean) => mood !== undefined && onlyReads === (mood === 'question');
    return documents
      .map((document) => {
        const score = [...terms].reduce((sum, [term, weight]) => {
          const times = frequency(document.fields, term);
          return sum + (weight * rarity(term) * times) / (SATURATION + times);
        }, 0);
        return { name: document.name, score: score * (fits(document.onlyReads) ? FITTING_HINT : 1) };
      })
      .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1));
  };
}

/** Returns the weight of each term of a request. */
function weightsOf(request: string, headWeight: number): Map<string, number> {
  const weights = new Map<string, number>();
  for (const sentence of request.split(/[.!?:;,]\s+/)) {
    for (const [at, word] of stemsOf(sentence).entries()) {
      const head = at === 0 ? headWeight : 1;
      for (const term of [word, ...meaningsOf([word])]) {
        const weight = head * (term.startsWith('#') ? MEANING_WEIGHT : 1);
        weights.set(term, Math.max(weight, weights.get(term) ?? 0));
      }
    }
  }
  return weights;
}

function termsOf(text: string): string[] {
  const stems = stemsOf(text);
  return [...stems, ...meaningsOf(stems)];
}

/** Two tools and the similarity of their texts. */
export interface Pair {
  readonly tools: readonly [string, string];
  /** Cosine similarity of the tf-idf vectors of name, title and description. Equal words give 1. */
  readonly cosine: number;
}

/** Returns every pair of tools, the most similar first. */
export function confusablePairs(tools: readonly RankedTool[]): Pair[] {
  const bags = tools.map(({ name, title = '', description = '' }) => ({
    name,
    counts: count(stemsOf(`${name} ${title} ${description}`)),
  }));
  const rarity = rarityIn(bags.map(({ counts }) => counts));
  const vectors = bags.map(({ name, counts }) => ({
    name,
    vector: new Map([...counts].map(([term, times]) => [term, times * rarity(term)])),
  }));
  return vectors
    .flatMap((a, index) =>
      vectors.slice(index + 1).map((b) => ({ tools: [a.name, b.name] as const, cosine: cosine(a.vector, b.vector) })),
    )
    .sort((a, b) => b.cosine - a.cosine);
}

const fields = Object.keys(FIELDS) as Field[];

function countsOf(
  { name, title = '', description = '', inputSchema }: RankedTool,
  names: ReadonlySet<string>,
): Record<Field, Counts> {
  // If a part names another tool, it says what this tool is not for, so the ranking skips that part.
  const isOwn = (part: string) => !(part.match(/\w+_\w+/g) ?? []).some((word) => word !== name && names.has(word));
  const [first = '', ...rest] = description.split(/(?<=[.!?])\s+/);
  const ownFirst = first.split(/(?<=[,:;])\s+/).filter(isOwn);
  return {
    name: count(termsOf(withPhrases(name.replaceAll('_', ' ')))),
    title: count(termsOf(withPhrases(title))),
    first: count(termsOf(withPhrases(ownFirst.join(' ')))),
    rest: count(termsOf(withPhrases(rest.filter(isOwn).join(' ')))),
    parameters: count(termsOf(`${withPhrases(parameterText(inputSchema))} ${executionIds(inputSchema)}`)),
  };
}

/** A request with an execution id fits a tool that takes an id. It fits best if the id is the tool's first parameter. */
function executionIds({ properties }: RankedTool['inputSchema']): string {
  const at = Object.keys(properties ?? {}).findIndex((name) => /^executionIds?$/.test(name));
  return at < 0 ? '' : `${EXECUTION_ID} ${at === 0 ? EXECUTION_ID : ''}`;
}

/** Returns the names, descriptions and allowed values of all parameters. */
function parameterText(schema: unknown): string {
  if (Array.isArray(schema)) return schema.map(parameterText).join(' ');
  if (typeof schema !== 'object' || schema === null) return '';
  return Object.entries(schema)
    .map(([key, value]) => {
      if (key === 'properties') return `${Object.keys(value as object).join(' ')} ${values(value)}`;
      if (key === 'description' && typeof value === 'string') return value;
      if (key === 'enum' && Array.isArray(value)) return value.join(' ');
      return key === 'default' || key === 'required' ? '' : parameterText(value);
    })
    .join(' ');
}

/** Reads the values below `properties`. The keys there are names of parameters, and a parameter may be called `description`. */
function values(properties: unknown): string {
  return Object.values(properties as object)
    .map(parameterText)
    .join(' ');
}

function count(terms: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

function rarityIn(documents: readonly Counts[]): (term: string) => number {
  const holding = count(documents.flatMap((document) => [...document.keys()]));
  return (term) => {
    const having = holding.get(term) ?? 0;
    return Math.log(1 + (documents.length - having + 0.5) / (having + 0.5));
  };
}

function union(counts: Record<Field, Counts>): Counts {
  return count(
    fields.flatMap((field) => [...counts[field].keys()]).filter((term, at, all) => all.indexOf(term) === at),
  );
}

function cosine(a: Counts, b: Counts): number {
  const length = (vector: Counts) => Math.sqrt([...vector.values()].reduce((sum, weight) => sum + weight ** 2, 0));
  const dot = [...a].reduce((sum, [term, weight]) => sum + weight * (b.get(term) ?? 0), 0);
  return dot === 0 ? 0 : dot / (length(a) * length(b));
}

function size(counts: Counts): number {
  return [...counts.values()].reduce((sum, times) => sum + times, 0);
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
