import { z } from 'zod';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { type McpOffer, offerMetadata } from '../../core/content/mcp-offer.ts';
import { inputSchemaOf, outputSchemaOf, type Workflow } from '../../core/contract.ts';
import { Build } from './build.ts';
import { type Refs, refs, toParameters, type Wired } from './refs.ts';
import { plainTasks, Scope } from './scope.ts';

/** Without declared variables there is nothing to set or read. */
export type Variables<V> = V extends z.ZodObject ? z.output<V> : unknown;

export interface WorkflowSpec<
  I extends z.ZodType<object>,
  O extends z.ZodType<object>,
  V extends z.ZodObject | undefined,
> {
  /** Letters, digits and `_`. */
  name: string;
  /** Raise it when running executions could not go on under the changed definition, or callers would notice. */
  version: number;
  description: string;
  input: I;
  output: O;
  /** Variables of an execution, set by `wf.set` and read by `wf.variables`. */
  variables?: V;
  /** Started with the failed execution when this one fails or times out; not when somebody terminates it. */
  failureWorkflow?: Workflow;
  /** The execution times out so many seconds after its start. Absent: never. */
  timeoutSeconds?: number;
  /** Offers it to MCP clients as a tool of its own. */
  mcp?: McpOffer;
  /**
   * Fields as another tool wrote them: they take the place of what would follow from the rest, and one that is `undefined` is left
   * out. Name, version and tasks have their own places.
   */
  verbatim?: Verbatim;
}

type Verbatim = { readonly [K in keyof WorkflowDef]?: WorkflowDef[K] | undefined } & {
  readonly name?: never;
  readonly version?: never;
  readonly tasks?: never;
  readonly schemaVersion?: never;
};

/**
 * What a workflow is; then, with `.build(…)`, how it is wired: the function adds tasks to `wf` in order and returns the output.
 * It runs once, when the module is loaded, and makes a plain Conductor definition.
 */
export function defineWorkflow<
  I extends z.ZodType<object>,
  O extends z.ZodType<object>,
  V extends z.ZodObject | undefined = undefined,
>(
  spec: WorkflowSpec<I, O, V>,
): { build(build: (wf: Scope<Variables<V>>, input: Refs<z.output<I>>) => Wired<z.input<O>>): Workflow<I, O> } {
  return {
    build(build) {
      const shared = new Build(spec.name);
      const scope = new Scope<Variables<V>>(shared);
      return assemble(spec, shared, scope, build(scope, refs('workflow.input')));
    },
  };
}

/** The workflow of a scope to which nothing is added any more. */
export function assemble<I extends z.ZodType<object>, O extends z.ZodType<object>, V>(
  spec: WorkflowSpec<I, O, z.ZodObject | undefined>,
  shared: Build,
  scope: Scope<V>,
  output: Wired<z.input<O>>,
): Workflow<I, O> {
  const def: WorkflowDef = {
    name: spec.name,
    version: spec.version,
    schemaVersion: 2,
    description: spec.description,
    inputParameters: Object.keys(propertiesOf(spec.input)),
    inputTemplate: defaultsOf(spec.input),
    inputSchema: { name: `${spec.name}.input`, version: 1, type: 'JSON', data: inputSchemaOf(spec.input) },
    outputSchema: { name: `${spec.name}.output`, version: 1, type: 'JSON', data: outputSchemaOf(spec.output) },
    enforceSchema: false, // the server stores schemas without checking them; starters and workers check
    tasks: plainTasks(scope),
    outputParameters: toParameters(output, spec.output),
    ...(spec.failureWorkflow && { failureWorkflow: spec.failureWorkflow.name }),
    timeoutSeconds: spec.timeoutSeconds ?? 0,
    timeoutPolicy: spec.timeoutSeconds ? 'TIME_OUT_WF' : 'ALERT_ONLY',
    ...(spec.mcp && { metadata: offerMetadata(spec.mcp) }),
  };
  const { name, version, description, input, output: outputSchema } = spec;
  const tasks = [...shared.contracts.values()];
  return {
    kind: 'workflow',
    name,
    version,
    description,
    input,
    output: outputSchema,
    tasks,
    def: deepFreeze(withVerbatim(def, spec.verbatim)),
  };
}

/**
 * What Conductor hands to a failure workflow beside the failed execution's own input.
 *
 * `failedWorkflow` is the whole failed execution. It can be handed on whole, and it has no type that could be walked: in the first
 * task of a failure workflow the server resolves every path below it to null.
 */
export const failureInput = z.object({
  workflowId: z.string(),
  reason: z.string(),
  failureStatus: z.string().optional(),
  failureTaskId: z.string().optional(),
  failedWorkflow: z.unknown(),
});

function withVerbatim(def: WorkflowDef, verbatim: Verbatim = {}): WorkflowDef {
  const fields = Object.entries({ ...def, ...verbatim }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields) as WorkflowDef; // what it cannot be without is no part of `Verbatim`
}

function defaultsOf(schema: z.ZodType): Record<string, unknown> {
  const withDefault = Object.entries(propertiesOf(schema)).filter(([, property]) => 'default' in property);
  return Object.fromEntries(withDefault.map(([key, property]) => [key, property.default]));
}

function propertiesOf(schema: z.ZodType): Record<string, { default?: unknown }> {
  return (inputSchemaOf(schema) as { properties?: Record<string, { default?: unknown }> }).properties ?? {};
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
