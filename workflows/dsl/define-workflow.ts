import { z } from 'zod';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { type McpOffer, offerMetadata } from '../../core/content/mcp-offer.ts';
import { inputSchemaOf, outputSchemaOf, type Workflow } from '../../core/contract.ts';
import { Build } from './build.ts';
import { type Refs, refs, toParameters, type Wired } from './refs.ts';
import { plainTasks, Scope } from './scope.ts';

/** The variables of a workflow, if it declares any. */
export type Variables<V> = V extends z.ZodObject ? z.output<V> : unknown;

/** A workflow without its tasks: its name, its schemas, and what holds for a whole execution. */
export interface WorkflowSpec<
  I extends z.ZodType<object>,
  O extends z.ZodType<object>,
  V extends z.ZodObject | undefined,
> {
  /** Letters, digits and `_`. */
  name: string;
  /** Raise the version if running executions could not continue under the changed definition, or if callers would notice the change. */
  version: number;
  description: string;
  input: I;
  output: O;
  /** The variables of an execution: `wf.set` sets them, `wf.variables` reads them. */
  variables?: V;
  /** The server starts this workflow if an execution fails or times out, but not if a person or program terminates the execution. */
  failureWorkflow?: Workflow;
  /** Seconds from the start of an execution until it times out. Default: it never times out. */
  timeoutSeconds?: number;
  /** Offers the workflow to MCP clients as a tool. */
  mcp?: McpOffer;
  /**
   * Fields exactly as another tool wrote them. They replace the fields that this specification would produce; `undefined` removes a
   * field. Name, version and tasks cannot be set here.
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
 * Declares a workflow. The function given to `.build(…)` adds tasks to `wf` in order and returns the output. The function runs once, when
 * the module is loaded; the result is a plain Conductor definition.
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

/** Makes the workflow from its specification and the tasks of a scope. */
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
    enforceSchema: false, // the server only stores schemas; starters and workers check them
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
 * The input of a failure workflow, in addition to the input of the failed execution.
 *
 * `failedWorkflow` is the whole failed execution. Pass `failedWorkflow` on as a whole, because in the first task of a failure workflow the
 * server resolves every path below it to null. Its type therefore has no fields.
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
  return Object.fromEntries(fields) as WorkflowDef; // `Verbatim` cannot remove the required fields
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
