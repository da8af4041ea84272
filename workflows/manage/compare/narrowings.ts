import { isDeepStrictEqual } from 'node:util';
import { isObject } from '../../../core/json.ts';

type Schema = Record<string, unknown>;

/** Keywords that do not restrict a value. */
const ANNOTATIONS = [
  'title',
  'description',
  'default',
  'examples',
  '$comment',
  '$schema',
  '$id',
  'deprecated',
  'setting',
];
const LOWER_BOUNDS = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'];
const UPPER_BOUNDS = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'];
const SAME = ['pattern', 'format', 'multipleOf', 'uniqueItems', 'contentEncoding'];
const UNDERSTOOD = new Set([
  ...ANNOTATIONS,
  ...LOWER_BOUNDS,
  ...UPPER_BOUNDS,
  ...SAME,
  ...['type', 'enum', 'const', 'anyOf', 'oneOf', 'properties', 'required', 'additionalProperties', 'items'],
]);

/** `input`: callers send values of the old schema. `output`: readers expect values of the old schema. */
type Side = 'input' | 'output';

/**
 * Why the changed schema may break callers or readers that know only the old schema, as sentences without a full stop. The list is empty if
 * it cannot break them. A keyword that this module does not know counts as a reason, unless both schemas are the same.
 */
export function narrowings(side: Side, before: unknown, after: unknown): string[] {
  return side === 'input' ? misfits(before, after, side, side) : misfits(after, before, side, side);
}

/** Why a value that fits `given` might not fit `taken`. */
function misfits(given: unknown, taken: unknown, name: string, side: Side): string[] {
  if (taken === true || given === false) return [];
  if (!isObject(given) || !isObject(taken)) {
    return isDeepStrictEqual(given, taken) || (isObject(taken) && plain(taken) === 0) ? [] : [`${name} has changed`];
  }
  if (isDeepStrictEqual(bare(given), bare(taken))) return [];
  const odd = [...Object.keys(given), ...Object.keys(taken)].find((key) => !UNDERSTOOD.has(key));
  if (odd !== undefined) return [`${name} uses ${odd}, which cannot be compared`];
  const mixed = alternatives(taken) && plain(taken) > 1;
  if (mixed) return [`${name} combines alternatives with other keywords, which cannot be compared`];
  const choices = alternatives(given);
  if (choices) return [...new Set(choices.flatMap((choice) => misfits(choice, taken, name, side)))];
  const offers = alternatives(taken);
  if (offers) {
    const found = offers.map((offer) => misfits(given, offer, name, side));
    return found.some((reasons) => reasons.length === 0) ? [] : [otherType(given, taken, name, side)];
  }
  return [
    ...ofValues(given, taken, name, side),
    ...ofBounds(given, taken, name, side),
    ...ofFields(given, taken, name, side),
  ];
}

function otherType(given: Schema, taken: Schema, name: string, side: Side): string {
  const [was, is] = side === 'input' ? [given, taken] : [taken, given];
  return `${name} is now ${typeOf(is)}, was ${typeOf(was)}`;
}

function ofValues(given: Schema, taken: Schema, name: string, side: Side): string[] {
  const offered = values(given);
  const accepted = values(taken);
  if (accepted) {
    if (!offered)
      return [
        side === 'input' ? `${name} can now only be ${list(accepted)}` : `${name} could only be ${list(accepted)}`,
      ];
    const lost = offered.filter((value) => !accepted.some((one) => isDeepStrictEqual(one, value)));
    const what = side === 'input' ? 'can no longer be' : 'may also be';
    return lost.length > 0 ? [`${name} ${what} ${list(lost)}`] : [];
  }
  const before = types(given) ?? offered?.map(typeOfValue);
  const after = types(taken);
  if (!after) return [];
  const fits = (type: string) => after.includes(type) || (type === 'integer' && after.includes('number'));
  return before?.every(fits) ? [] : [otherType(given, taken, name, side)];
}

function ofBounds(given: Schema, taken: Schema, name: string, side: Side): string[] {
  const tight = (key: string) => {
    const limit = `a ${key} of ${JSON.stringify(taken[key])}`;
    return side === 'input' ? `${name} now has ${limit}` : `${name} no longer has ${limit}`;
  };
  if (values(given)) return [...LOWER_BOUNDS, ...UPPER_BOUNDS, ...SAME].filter((key) => key in taken).map(tight);
  const within = (key: string, looser: (was: number, is: number) => boolean) => {
    const [was, is] = [given[key], taken[key]];
    return typeof is !== 'number' || (typeof was === 'number' && looser(was, is));
  };
  return [
    ...LOWER_BOUNDS.filter((key) => !within(key, (was, is) => was >= is)),
    ...UPPER_BOUNDS.filter((key) => !within(key, (was, is) => was <= is)),
    ...SAME.filter((key) => key in taken && !isDeepStrictEqual(given[key], taken[key])),
  ].map(tight);
}

function ofFields(given: Schema, taken: Schema, name: string, side: Side): string[] {
  const was = isObject(given.properties) ? given.properties : {};
  const is = isObject(taken.properties) ? taken.properties : {};
  const always = Array.isArray(given.required) ? given.required : [];
  const needed = (Array.isArray(taken.required) ? taken.required : []).filter((key) => !always.includes(key));
  return [
    ...needed.map((key) => `${name}.${key} ${side === 'input' ? 'is now required' : 'may now be missing'}`),
    ...Object.keys(is)
      .filter((key) => key in was)
      .flatMap((key) => misfits(was[key], is[key], `${name}.${key}`, side)),
    // Readers of an output ignore fields that they do not know.
    ...(side === 'input' ? ofOtherFields({ given, was, taken, is, name }) : []),
    ...('items' in taken ? misfits(given.items ?? true, taken.items, `${name}[]`, side) : []),
  ];
}

/** Compares the fields that only one schema names. For these fields, `additionalProperties` of the other schema decides. */
function ofOtherFields(about: { given: Schema; was: Schema; taken: Schema; is: Schema; name: string }): string[] {
  const { was, is, name } = about;
  const rest = about.given.additionalProperties ?? true;
  const restTaken = about.taken.additionalProperties ?? true;
  const lost = Object.keys(was).filter((key) => !(key in is));
  const gained = Object.keys(is).filter((key) => !(key in was));
  const fits = (schema: unknown, into: unknown, what: string) => misfits(schema, into, what, 'input');
  return [
    ...lost.flatMap((key) =>
      restTaken === false ? [`${name}.${key} is no longer accepted`] : fits(was[key], restTaken, `${name}.${key}`),
    ),
    // If the old schema has no `additionalProperties`, callers are assumed to send only the named fields.
    ...(isObject(rest) ? gained.flatMap((key) => fits(rest, is[key], `${name}.${key}`)) : []),
    ...(restTaken === false && rest !== false ? [`${name} no longer accepts other fields`] : []),
    ...(isObject(restTaken) ? fits(rest, restTaken, `another field of ${name}`) : []),
  ];
}

function alternatives({ anyOf, oneOf }: Schema): unknown[] | undefined {
  if (Array.isArray(anyOf)) return anyOf;
  return Array.isArray(oneOf) ? oneOf : undefined;
}

function values(schema: Schema): unknown[] | undefined {
  if ('const' in schema) return [schema.const];
  return Array.isArray(schema.enum) ? schema.enum : undefined;
}

function types({ type }: Schema): string[] | undefined {
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.map(String) : undefined;
}

function typeOf(schema: Schema): string {
  return (
    (types(schema) ?? alternatives(schema)?.map((one) => (isObject(one) ? typeOf(one) : 'anything')))?.join(' or ') ??
    'anything'
  );
}

function typeOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

function bare(schema: Schema): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !ANNOTATIONS.includes(key)));
}

function plain(schema: Schema): number {
  return Object.keys(bare(schema)).length;
}

function list(items: readonly unknown[]): string {
  return items.map((item) => JSON.stringify(item)).join(', ');
}
