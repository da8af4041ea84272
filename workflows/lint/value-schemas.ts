import { isObject } from '../../core/json.ts';
import type { ExpressionUse } from './subject.ts';
import { objectOf, type Subject, taskDefOf } from './subject.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The JSON Schema of the inputs or outputs of a definition, if it has one. */
export function schemaIn(
  def: Readonly<Record<string, unknown>> | undefined,
  field: 'inputSchema' | 'outputSchema',
): Schema | undefined {
  const data = objectOf(def?.[field]).data;
  return isObject(data) ? data : undefined;
}

/** The properties that a schema requires. */
export function requiredIn(schema: Schema | undefined): readonly string[] {
  return Array.isArray(schema?.required) ? schema.required.map(String) : [];
}

/** The schema of the value that an expression reads: a part of the workflow's input schema or of a task's output schema. */
export function schemaOf(use: ExpressionUse, { def, byRef, known }: Subject): Schema | undefined {
  const [field, ...names] = use.below;
  if (use.head === 'workflow') return field === 'input' ? below(schemaIn(def, 'inputSchema'), names) : undefined;
  const target = byRef.get(use.head);
  if (!target || field !== 'output' || target.type !== 'SIMPLE') return undefined;
  return below(schemaIn(taskDefOf(target, known), 'outputSchema'), names);
}

/** All values that a schema allows, as the strings that a SWITCH compares; undefined if the schema does not list its values. */
export function valuesOf(schema: Schema | undefined): readonly string[] | undefined {
  if (!schema) return undefined;
  if (Array.isArray(schema.enum)) return schema.enum.map(String);
  if ('const' in schema) return [String(schema.const)];
  if (schema.type === 'boolean') return ['true', 'false'];
  const either = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(either)) return undefined;
  const lists = either.map((one) => valuesOf(objectOf(one)));
  return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
}

/** True if the schema allows any string or any number. */
export function isOpen(schema: Schema | undefined): boolean {
  return (
    schema !== undefined &&
    ['string', 'number', 'integer'].includes(String(schema.type)) &&
    !('enum' in schema) &&
    !('const' in schema)
  );
}

function below(schema: Schema | undefined, names: readonly string[]): Schema | undefined {
  let inner: Schema | undefined = schema;
  for (const name of names) {
    const next: unknown = objectOf(inner?.properties)[name];
    inner = isObject(next) ? next : undefined;
  }
  return inner;
}
