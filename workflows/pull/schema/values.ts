import { isObject } from '../../../core/json.ts';

/** A JSON Schema. `true` is the schema of an unknown value. */
export type Schema = Readonly<Record<string, unknown>> | true;

/** What is known about a value. */
export interface Value {
  schema: Schema;
  mayBeAbsent?: boolean;
}

/** A step of a path: `.key` or `[0]`. */
export type Step = { kind: 'key'; key: string } | { kind: 'index'; index: number };

/** The path of a `${…}` expression: its root, such as `workflow.input` or `charge.output`, and the steps below the root. */
export interface Path {
  root: string;
  steps: readonly Step[];
}

/** Splits a path of Conductor into its parts. Undefined if a typed reference would not write the path with exactly the same characters. */
export function parsePath(path: string): Path | undefined {
  const [owner] = /^[\w-]+/.exec(path) ?? [];
  if (owner === undefined) return undefined;
  const steps: Step[] = [];
  let rest = path.slice(owner.length);
  while (rest !== '') {
    const [found, plain, quoted, index] = /^(?:\.([\w-]+)|\['((?:[^'\\]|\\.)*)'\]|\[(\d+)\])/.exec(rest) ?? [];
    if (found === undefined) return undefined;
    if (index !== undefined) steps.push({ kind: 'index', index: Number(index) });
    else steps.push({ kind: 'key', key: plain ?? (quoted ?? '').replaceAll(/\\(.)/g, '$1') });
    rest = rest.slice(found.length);
  }
  const [first, ...others] = steps;
  if (first?.kind !== 'key' || owner + steps.map(segment).join('') !== path) return undefined;
  return { root: `${owner}.${first.key}`, steps: others };
}

/** Writes a step of a path exactly as `refs` does. */
function segment(step: Step): string {
  if (step.kind === 'index') return `[${step.index}]`;
  if (/^[\w-]+$/.test(step.key)) return `.${step.key}`;
  return /[{}\p{Cc}]/u.test(step.key) ? '\0' : `['${step.key.replaceAll(/[\\']/g, '\\$&')}']`;
}

/** Properties that every typed reference has, so they cannot refer to a field of the value. */
const OWN = ['toJSON', 'toString', '__proto__'];

/** The part of a value at one step; undefined if the type of the generated zod code does not have this part. */
export function partAt({ schema, mayBeAbsent = false }: Value, step: Step): Value | undefined {
  const { value: here, isNullable } = present(schema);
  if (here === true) return undefined;
  if (step.kind === 'index') {
    // The function `at` does not accept a list that may be missing.
    return here.type === 'array' && !mayBeAbsent && !isNullable ? { schema: schemaOf(here.items) } : undefined;
  }
  if (here.type !== 'object' || !isObject(here.properties) || OWN.includes(step.key)) return undefined;
  if (!Object.hasOwn(here.properties, step.key)) return undefined;
  const part = here.properties[step.key];
  const isRequired = Array.isArray(here.required) && here.required.includes(step.key);
  const hasDefault = isObject(part) && 'default' in part;
  return { schema: schemaOf(part), mayBeAbsent: mayBeAbsent || isNullable || !(isRequired || hasDefault) };
}

/** Splits "or null" off a schema, which zod writes in two ways. */
export function present(schema: Schema): { value: Schema; isNullable: boolean } {
  if (schema === true) return { value: true, isNullable: false };
  const { type, anyOf, ...rest } = schema;
  const [value, other, ...more] = Array.isArray(anyOf) ? anyOf : Array.isArray(type) ? type : [];
  const isNullable = more.length === 0 && (other === 'null' || (isObject(other) && other.type === 'null'));
  if (!isNullable) return { value: schema, isNullable };
  return { value: isObject(value) ? value : { ...rest, type: value }, isNullable };
}

/** An object that always has these properties. */
export function fields(properties: Readonly<Record<string, Schema>>): Readonly<Record<string, unknown>> {
  const required = Object.keys(properties);
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function schemaOf(value: unknown): Schema {
  return isObject(value) ? value : true;
}

/** The JSON Schema inside a stored schema, without its dialect and the stamp that a registration leaves in it. */
export function dataOf(stored: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(stored) || !isObject(stored.data)) return undefined;
  const { $comment: _, $schema: __, ...data } = stored.data;
  return data;
}
