import { FleetError } from '../../../core/errors.ts';

/** The paths by which a mapping refers to the current item and its index. */
export interface ItemNames {
  item: string;
  index: string;
}

/** A mapping from an item to the input of a task, compiled to jq. */
export interface CompiledMapping {
  /** A jq expression that reads `$item`, `$index` and `$given`. */
  query: string;
  /** Values from outside the item, by their names in `$given`. The server resolves these values before jq runs, and keeps their types. */
  given: Record<string, unknown>;
}

/**
 * Compiles a wired value that refers to items to jq. No value of the running workflow becomes part of the query: values from outside the
 * item are passed in `given`.
 * @param taken names that `given` must not use
 */
export function compileMapping(value: unknown, names: ItemNames, taken: readonly string[]): CompiledMapping {
  const given: Record<string, unknown> = {};
  const nameOf = new Map<string, string>();
  const outer = (inner: unknown): string => {
    const key = JSON.stringify(inner);
    let name = nameOf.get(key);
    if (name === undefined) {
      name = freeName(inner, (candidate) => candidate in given || taken.includes(candidate));
      nameOf.set(key, name);
      given[name] = inner;
    }
    return `$given[${JSON.stringify(name)}]`;
  };
  return { query: toJq(value, names, outer), given };
}

type Outer = (value: unknown) => string;

const EXPRESSION = /(?<!\$)\$\{([^{}]*)\}/g;

function toJq(value: unknown, names: ItemNames, outer: Outer): string {
  const text = JSON.stringify(value);
  if (!refersTo(text, names)) return text.includes('${') ? outer(value) : literal(value);
  if (typeof value === 'string') return textToJq(value, names, outer);
  if (Array.isArray(value)) return `[${value.map((item) => toJq(item, names, outer)).join(', ')}]`;
  const fields = Object.entries(value as object).map(([key, field]) => {
    return `${JSON.stringify(key)}: ${toJq(field, names, outer)}`;
  });
  return `{${fields.join(', ')}}`;
}

function refersTo(text: string, names: ItemNames): boolean {
  return [...text.matchAll(EXPRESSION)].some(([, path = '']) => localPath(path, names) !== undefined);
}

/** A text that is a single reference keeps the type of its value. The parts of any other text are joined to a string. */
function textToJq(text: string, names: ItemNames, outer: Outer): string {
  const parts: string[] = [];
  let end = 0;
  for (const found of text.matchAll(EXPRESSION)) {
    const path = localPath(found[1] ?? '', names);
    if (path === undefined) continue;
    if (found[0] === text) return path;
    parts.push(...plainPart(text.slice(end, found.index), outer), `(${path} | tostring)`);
    end = found.index + found[0].length;
  }
  parts.push(...plainPart(text.slice(end), outer));
  return `(${parts.join(' + ')})`;
}

function plainPart(text: string, outer: Outer): string[] {
  if (text === '') return [];
  return [text.includes('${') ? `(${outer(text)} | tostring)` : JSON.stringify(text)];
}

/** Writes a value as a jq literal. JSON is valid jq, except a negative number: jq reads it as an incomplete subtraction. */
function literal(value: unknown): string {
  if (typeof value === 'number' && value < 0) return `(${value})`;
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([key, field]) => `${JSON.stringify(key)}: ${literal(field)}`)
    .join(', ')}}`;
}

/** The jq path for a reference to the item, its fields or its index; undefined for any other reference. */
function localPath(path: string, { item, index }: ItemNames): string | undefined {
  if (path === index) return '$index';
  if (path !== item && !path.startsWith(`${item}.`) && !path.startsWith(`${item}[`)) return undefined;
  let rest = path.slice(item.length);
  let jq = '$item';
  while (rest !== '') {
    const [found, plain, quoted, place] = /^(?:\.([\w-]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\])/.exec(rest) ?? [];
    if (found === undefined) {
      throw new FleetError(
        'config',
        `"${path}" is not a path below an item. Name the fields of the item, e.g. item.name.`,
      );
    }
    jq += place === undefined ? `[${JSON.stringify(plain ?? quoted?.replaceAll(/\\(.)/g, '$1'))}]` : `[${place}]`;
    rest = rest.slice(found.length);
  }
  return jq;
}

/** Makes a free name from the last part of the reference, so that the definition is readable. */
function freeName(value: unknown, isTaken: (name: string) => boolean): string {
  const [, last = 'given'] = /^\$\{(?:[^{}]*\.)?([A-Za-z]\w*)\}$/.exec(String(value)) ?? [];
  if (!isTaken(last)) return last;
  for (let number = 2; ; number++) if (!isTaken(`${last}_${number}`)) return `${last}_${number}`;
}
