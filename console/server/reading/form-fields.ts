import { isObject } from '../../../core/json.ts';
import { inputsOf } from '../../../mcp/analysis/workflow-inputs.ts';
import type { FormField } from '../../shared/form-field.ts';

type Json = Readonly<Record<string, unknown>>;

/** The fields of the form that starts a workflow: from its input schema, else the names of its inputs. */
export function formFieldsOf(def: Json): FormField[] {
  const properties = propertiesOf(def.inputSchema);
  const starts = isObject(def.inputTemplate) ? def.inputTemplate : {};
  return inputsOf(def).map(({ name, required, description }) => {
    const property = properties[name];
    const schema = isObject(property) ? property : {};
    const start = Object.hasOwn(starts, name) ? starts[name] : schema.default;
    return {
      name,
      ...kindOf(schema),
      isRequired: required === true,
      ...(description !== undefined && { description }),
      ...(start !== undefined && { start }),
    };
  });
}

function propertiesOf(schema: unknown): Json {
  if (!isObject(schema) || !isObject(schema.data) || !isObject(schema.data.properties)) return {};
  return schema.data.properties;
}

type Kind = Omit<FormField, 'name' | 'isRequired' | 'description' | 'start'>;

function kindOf(schema: Json): Kind {
  if (Array.isArray(schema.enum)) return { kind: 'choice', choices: schema.enum };
  if ('const' in schema) return { kind: 'choice', choices: [schema.const] };
  const types = [schema.type].flat().filter((type) => type !== undefined && type !== 'null');
  const [type] = types;
  if (types.length !== 1) return { kind: 'any' };
  switch (type) {
    case 'string':
      return { kind: 'text', ...limits(schema, { shortest: 'minLength', longest: 'maxLength' }), ...patternOf(schema) };
    case 'number':
    case 'integer':
      return { kind: type, ...limits(schema, { least: 'minimum', most: 'maximum' }) };
    case 'boolean':
    case 'object':
      return { kind: type };
    default:
      return { kind: 'json' };
  }
}

/** The limits that the schema names, by the names that a field has for them. */
function limits(schema: Json, names: Readonly<Record<string, string>>): Partial<Kind> {
  const entries = Object.entries(names).map(([own, theirs]) => [own, schema[theirs]]);
  return Object.fromEntries(entries.filter(([, value]) => typeof value === 'number'));
}

function patternOf({ pattern }: Json): Partial<Kind> {
  return typeof pattern === 'string' ? { pattern } : {};
}
