import { isObject } from '../../core/json.ts';
import type { Answered, Usage } from './step-context.ts';

/** The answers that a dry run uses in place of answers from outside. */
export interface SampleAnswers {
  /** The outputs of the tasks, by task reference. */
  readonly outputs: Readonly<Record<string, Record<string, unknown>>>;
  /** References of tasks whose output was generated. Each generated output has the fields that later steps read. */
  readonly invented: readonly string[];
  /** A generated input that contains every field that the steps read. */
  readonly input: Record<string, unknown>;
}

/** What the steps show about a value before the value exists. */
interface Shape {
  readonly fields: Map<string, Shape>;
  item: Shape | undefined;
  as: 'list' | 'text' | undefined;
}

export interface Reading {
  readonly reads: Iterable<string>;
  /** The path of each loop item, with the path of its list. */
  readonly items: ReadonlyMap<string, string>;
  readonly usages: readonly Usage[];
  readonly answered: readonly Answered[];
}

/** Generates an answer for each step that is answered from outside. It contains every path that later steps read. */
export function answersFor({ reads, items, usages, answered }: Reading): SampleAnswers {
  const root = unseen();
  const from = (path: string) => keysOf(outOfLists(path, items));
  for (const path of reads) reach(root, from(path));
  for (const usage of usages) used(usage, root, from);
  const outputs = answered.map((one) => [one.ref, outputOf(one, below(root, [one.ref, 'output']))] as const);
  const input = sampleOf(below(root, ['workflow', 'input']));
  return {
    outputs: Object.fromEntries(outputs),
    invented: answered
      .filter(({ example, kind }) => example === undefined && kind !== 'approval')
      .map(({ ref }) => ref),
    input: isObject(input) ? input : {},
  };
}

function outputOf({ kind, example }: Answered, read: Shape | undefined): Record<string, unknown> {
  const found = sampleOf(read);
  const given = isObject(found) ? found : {};
  if (kind === 'http') {
    const response = isObject(given.response) ? given.response : {};
    const body = example ?? response.body ?? {};
    return { response: { statusCode: 200, reasonPhrase: '', headers: response.headers ?? {}, body } };
  }
  if (kind === 'llm')
    return { result: example ?? (isObject(given.result) ? given.result : 'text'), finishReason: 'STOP' };
  if (kind === 'mcp_tool') return { content: [toolContent(example, given)] };
  if (kind === 'approval') return { ...given, approved: true, comment: 'dry run' };
  return isObject(example) ? example : given;
}

function toolContent(example: unknown, { content }: Record<string, unknown>): Record<string, unknown> {
  const [first] = Array.isArray(content) ? content : [];
  const parsed = example ?? (isObject(first) ? first.parsed : undefined);
  if (parsed === undefined || typeof parsed === 'string') return { type: 'text', text: parsed ?? 'text' };
  return { type: 'text', text: JSON.stringify(parsed), parsed };
}

function unseen(): Shape {
  return { fields: new Map(), item: undefined, as: undefined };
}

/** If a path begins with a loop item, replaces the item by the path of its list. */
function outOfLists(path: string, items: ReadonlyMap<string, string>): string {
  for (const [item, of] of items) {
    if (path === item || path.startsWith(`${item}.`) || path.startsWith(`${item}[`))
      return outOfLists(`${of}${path.slice(item.length)}`, new Map([...items].filter(([key]) => key !== item)));
  }
  return path;
}

/**
 * Splits a path into keys: `a.b[0]['c d']` becomes `a`, `b`, 0 (an item) and `c d`. A call ends the list of keys, because it shows nothing
 * about the value before it.
 */
function keysOf(path: string): (string | 0)[] {
  const keys: (string | 0)[] = [];
  for (const [, name, quoted, index] of path.matchAll(/([^.[\]()]+(?:\(\))?)|\['([^']*)'\]|\[([^\]]*)\]/g)) {
    if (name?.endsWith('()')) break;
    const key = name ?? quoted;
    if (key !== undefined) keys.push(key);
    else if (index !== undefined) keys.push(0);
  }
  return keys;
}

function reach(from: Shape, keys: readonly (string | 0)[]): Shape {
  let here = from;
  for (const key of keys) {
    if (key === 0) {
      here.item ??= unseen();
      here = here.item;
    } else {
      const next = here.fields.get(key) ?? unseen();
      here.fields.set(key, next);
      here = next;
    }
  }
  return here;
}

function below(root: Shape, keys: readonly string[]): Shape | undefined {
  return keys.reduce<Shape | undefined>((here, key) => here?.fields.get(key), root);
}

function sampleOf(found: Shape | undefined): unknown {
  if (!found) return undefined;
  if (found.item || found.as === 'list') return [found.item ? sampleOf(found.item) : {}];
  if (found.fields.size > 0) return Object.fromEntries([...found.fields].map(([key, inner]) => [key, sampleOf(inner)]));
  return found.as === 'text' ? 'text' : 1;
}

const OF_LISTS =
  /^(?:map|filter|reduce|forEach|some|every|find|findIndex|flatMap|flat|slice|length|join|concat|includes|indexOf|sort|reverse|at|entries)$/;
const OF_TEXTS =
  /^(?:toUpperCase|toLowerCase|trim|split|startsWith|endsWith|replace|replaceAll|substring|charAt|padStart|padEnd|match|localeCompare)$/;
/** The jq code that can follow a path only if the value is a list. */
const JQ_LIST =
  /^\s*(?:\[\]|\[:|\|\s*(?:map|length|add|sort|sort_by|group_by|unique|min|max|first|last|join|any|all|reverse)\b)/;

/** Finds the type of an input from its use in a script or query: `$.xs.map(…)` means a list. */
function used({ code, inputs }: Usage, root: Shape, from: (path: string) => (string | 0)[]): void {
  for (const [name, value] of Object.entries(inputs)) {
    const [, path] = /^\$\{([^{}]*)\}$/.exec(String(value)) ?? [];
    if (path === undefined) continue;
    const chain = new RegExp(`\\.${name.replaceAll('$', '\\$')}\\b((?:\\??\\.[A-Za-z_]\\w*|\\[\\d+\\])*)`, 'g');
    for (const found of code.matchAll(chain)) {
      const here = follow(reach(root, from(path)), found[1] ?? '');
      const behind = code.slice(found.index + found[0].length);
      const before = code.slice(0, found.index);
      if (JQ_LIST.test(behind) || /\bof\s+\$$/.test(before)) here.as ??= 'list';
    }
  }
}

function follow(from: Shape, chain: string): Shape {
  let here = from;
  for (const [, name] of chain.matchAll(/\??\.([A-Za-z_]\w*)|\[\d+\]/g)) {
    if (name !== undefined && OF_LISTS.test(name)) {
      here.as ??= 'list';
      return here;
    }
    if (name !== undefined && OF_TEXTS.test(name)) {
      here.as = 'text';
      return here;
    }
    here = reach(here, [name ?? 0]);
  }
  return here;
}
