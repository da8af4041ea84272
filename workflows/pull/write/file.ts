import { isObject } from '../../../core/json.ts';
import { walk } from '../../model/walk.ts';
import { Name } from '../code/names.ts';
import { type Code, call, literal, object, type Printed, print, type Statement } from '../code/print.ts';
import { dataOf, type Schema } from '../schema/values.ts';
import { Context, type Described, type Given, type Stored } from './context.ts';
import { referrer, Visible, wired } from './references.ts';
import { sequence } from './sequence.ts';

/** A file, with the references of its tasks that are written as plain JSON. */
export interface Written {
  printed: Printed;
  plainTasks: string[];
}

/** The value of `Printed.taskAt` for the lines that return the workflow's output. No task can have this reference. */
export const OUTPUT = '\0output';

/** Writes the file that defines a workflow. */
export function writeFile(stored: Stored, given: Given): Written {
  const context = new Context(stored, given);
  const define = context.import('defineWorkflow').use();
  const visible = new Visible();
  const [wf, inputName] = [new Name('wf'), new Name('input')];
  const input = inputOf(stored, context);
  const variables = variablesOf(stored, context);
  visible.add('workflow.input', { code: () => inputName.use(), schema: input.schema });
  visible.add('workflow.workflowId', { code: () => `${wf.use()}.workflowId`, schema: { type: 'string' } });
  if (variables) {
    const { schema } = variables;
    visible.add('workflow.variables', { code: () => `${wf.use()}.variables`, schema });
  }
  const tasks = sequence(stored.tasks, { context, visible, param: wf });
  const output = outputOf(stored, context, visible);
  const body: Statement[] = [...tasks, { head: 'return', value: output.returned, adds: OUTPUT }];
  const spec = specOf(stored, context, { input: input.code, output: output.code, variables: variables?.code });
  const build = call('.build', [{ kind: 'arrow', params: [wf, inputName], body }]);
  const whole: Statement = { head: 'export default', value: [call(define, [spec]), build] };
  const declarations = context.declarations.flatMap((declaration) => [declaration, '']);
  const printed = print([...context.importDeclarations(), '', ...declarations, whole]);
  return { printed, plainTasks: context.plainTasks };
}

function specOf(
  { name, version, description, failureWorkflow, timeoutSeconds }: Stored,
  context: Context,
  { input, output, variables }: { input: Code; output: Code; variables: Code | undefined },
): Code {
  const { fields: verbatim } = context.doubts;
  const handler = context.workflow(failureWorkflow);
  const entries: [string, Code][] = [
    ['name', literal(name)],
    ['version', literal(version)],
    ['description', literal(typeof description === 'string' ? description : '')],
    ['input', input],
    ['output', output],
  ];
  if (variables !== undefined) entries.push(['variables', variables]);
  if (handler) entries.push(['failureWorkflow', handler.name.use()]);
  if (typeof timeoutSeconds === 'number' && timeoutSeconds > 0) {
    entries.push(['timeoutSeconds', literal(timeoutSeconds)]);
  }
  if (Object.keys(verbatim).length > 0) entries.push(['verbatim', literal(verbatim)]);
  return object(entries);
}

/** The stored input schema. If there is none, an object with the keys that the definition declares, reads, or has defaults for. */
function inputOf({ inputSchema, inputParameters, inputTemplate }: Stored, context: Context): Described {
  const data = dataOf(inputSchema);
  if (data) return context.zodObject(data, 'input');
  const defaults = isObject(inputTemplate) ? inputTemplate : {};
  const declared = Array.isArray(inputParameters) ? inputParameters.filter((key) => typeof key === 'string') : [];
  const keys = [...declared, ...Object.keys(defaults), ...context.uses.keysOf('workflow.input')];
  return fieldsOf(keys, context, (key) => {
    if (Object.hasOwn(defaults, key)) return { ...typeOf(defaults[key]), default: defaults[key] };
    return context.uses.shapeOf(['workflow.input'], [key]);
  });
}

/** The variables that the definition sets or reads, or that have an initial value. */
function variablesOf(stored: Stored, context: Context): Described | undefined {
  const setters = [...walk(stored.tasks)].filter(({ task }) => task.type === 'SET_VARIABLE');
  const set = setters.flatMap(({ task }) => Object.keys(task.inputParameters ?? {}));
  const initial = isObject(stored.variables) ? Object.keys(stored.variables) : [];
  const keys = [...set, ...context.uses.keysOf('workflow.variables'), ...initial];
  if (keys.length === 0) return undefined;
  return fieldsOf(keys, context, () => true);
}

function outputOf({ outputSchema, outputParameters }: Stored, context: Context, visible: Visible) {
  const values = isObject(outputParameters) ? outputParameters : {};
  if ('outputParameters' in context.doubts.fields) {
    return { ...fieldsOf([], context, () => true), code: 'z.looseObject({})', returned: object([]) };
  }
  const data = dataOf(outputSchema);
  const described = data ? context.zodObject(data, 'output') : fieldsOf(Object.keys(values), context, () => ({}));
  return { ...described, returned: wired(values, referrer(visible, context.at)) };
}

function fieldsOf(all: readonly string[], context: Context, schemaOf: (key: string) => Schema): Described {
  const keys = [...new Set(all)].filter((key) => key !== '__proto__'); // a schema cannot have this key
  const properties = Object.fromEntries(keys.map((key) => [key, schemaOf(key)]));
  const required = keys.filter((key) => !hasDefault(properties[key]));
  return context.zod({ type: 'object', properties, ...(required.length > 0 && { required }) });
}

function hasDefault(schema: Schema | undefined): boolean {
  return isObject(schema) && 'default' in schema;
}

function typeOf(value: unknown): Record<string, unknown> {
  const type = typeof value;
  return type === 'string' || type === 'number' || type === 'boolean' ? { type } : {};
}
