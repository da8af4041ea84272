import { isObject } from '../../core/json.ts';
import { expressionsIn } from '../../workflows/model/expressions.ts';

/** An input of a workflow, as its definition describes it. */
export interface WorkflowInput {
  readonly name: string;
  readonly type?: string;
  /** Undefined if the definition has no schema. */
  readonly required?: boolean;
  readonly description?: string;
}

/** The inputs of a workflow, from its schema. Without a schema: the names that the definition lists and its tasks refer to. */
export function inputsOf(def: Readonly<Record<string, unknown>>): WorkflowInput[] {
  const schema = isObject(def.inputSchema) && isObject(def.inputSchema.data) ? def.inputSchema.data : undefined;
  if (schema && isObject(schema.properties)) return fromSchema(schema, schema.properties);
  const listed = Array.isArray(def.inputParameters)
    ? def.inputParameters.filter((name) => typeof name === 'string')
    : [];
  const referred = expressionsIn(def.tasks).flatMap(({ path }) => /^workflow\.input\.(\w+)/.exec(path)?.[1] ?? []);
  return [...new Set([...listed, ...referred])].map((name) => ({ name }));
}

function fromSchema(schema: Record<string, unknown>, properties: Record<string, unknown>): WorkflowInput[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).map(([name, property]) => {
    const { type, description, enum: values } = isObject(property) ? property : {};
    const kind = Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join('|') : type;
    return {
      name,
      ...(typeof kind === 'string' && { type: kind }),
      required: required.includes(name),
      ...(typeof description === 'string' && { description }),
    };
  });
}
