import type { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Logger } from '../../core/log.ts';
import type { LocalWorkers } from '../../core/worker-processes/local-workers.ts';
import type { Caller, Permission } from '../admission/permissions.ts';
import type { Leases } from '../agents/leases.ts';
import type { Definitions } from '../shared/definition-cache.ts';
import type { Seal } from '../signing/state-key.ts';
import type { Elicitation } from './elicitation.ts';
import type { Toolset } from './toolsets.ts';

/** MCP's hints. All four are required, because clients disagree about the defaults of missing hints. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  /** True if the call can reach systems beyond Conductor. */
  readonly openWorldHint: boolean;
}

/** A language model that is configured on the Conductor server. */
export interface ServerModel {
  readonly provider: string;
  readonly model: string;
}

/** A definition that is written as code, in Conductor JSON. */
export interface CodeDefinition {
  readonly name: string;
  readonly version: number;
  readonly [field: string]: unknown;
}

/** The progress of a long call. `progress` never decreases, and `total` has the same unit. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message: string;
}

/** What readers of resources, prompts and completers get in addition to their arguments. */
export interface ReadContext {
  /** Its calls end when `signal` is aborted. */
  readonly conductor: Conductor;
  /** The registered workflow definitions, cached for an hour and checked against the server. */
  readonly definitions: Definitions;
  /** Whether the caller also has this permission. Admission has already checked the permission of the request. */
  allows(permission: Permission): boolean;
  readonly caller: Caller;
  /** What limits the caller beside the permissions, one sentence each. `conductor` and `definitions` keep to these limits. */
  readonly limits: readonly string[];
  /** Limit of the whole answer, text and structured content together. The answer of a handler stays well below the limit. */
  readonly maxResponseBytes: number;
  readonly log: Logger;
  /** The model that a handler may use through the Conductor server, if one is configured. */
  readonly model?: ServerModel;
  /** The workflow definitions that this server loads from code, in the form that registration would store. */
  ours(): Promise<readonly CodeDefinition[]>;
  /** The worker processes of this machine. */
  readonly workers: LocalWorkers;
  /** Aborted when the client cancels or disconnects, or when the server stops. */
  readonly signal: AbortSignal;
}

/** What the handler of a tool gets in addition to its arguments. */
export interface ToolContext extends ReadContext, Elicitation {
  /** Tells the client how far the call is, if the client asked for progress. */
  progress(progress: Progress): void;
  /** The leases of tasks that agents have claimed; a lease outlasts the call. */
  readonly leases: Leases;
  /** Signs what the caller carries from one call to the next. */
  readonly seal: Seal;
  /** Every tool, and whether it is switched on for this connection. */
  tools(): Promise<readonly ToolOffer[]>;
}

/** A tool, and whether it is switched on for a connection. */
export interface ToolOffer {
  readonly name: string;
  readonly toolset: Toolset;
  readonly permission: Permission;
  readonly isOn: boolean;
  /** The setting that withholds the tool from the caller, if one does. */
  readonly withheldBy?: string;
}

/** A link to a resource that holds data too large for an answer. */
export interface Link {
  readonly uri: string;
  readonly name: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** Bytes. */
  readonly size?: number;
}

/** An answer in two forms: text for a model, and the value that the output schema promises. */
export interface ToolAnswer<O> {
  readonly text: string;
  readonly structured: O;
  readonly links?: readonly Link[];
  /** Id of the execution that continues after this answer. A client that follows tasks gets a task instead; `settle` makes its result. */
  readonly continues?: string;
}

/** A tool as clients see it. */
export interface ToolSpec<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** `snake_case`; the file is named after it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: Toolset;
  /** Offered when no toolsets were chosen. */
  readonly byDefault?: boolean;
  readonly permission: Permission;
  readonly annotations: ToolAnnotations;
  /** Address of the `ui://` resource that a client with MCP Apps shows beside the answer. */
  readonly view?: `ui://${string}`;
  /** A strict object. Every field has a description. */
  readonly input: I;
  readonly output: O;
}

/** A tool and the code that answers its calls. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends ToolSpec<I, O> {
  readonly kind: 'tool';
  /** The workflow that it runs, for a workflow that is offered as a tool. */
  readonly workflow?: string;
  handle(args: z.output<I>, context: ToolContext): Promise<ToolAnswer<z.input<O>>>;
  /** Makes the answer of a call that `continues`, after the execution has ended. It is the same as if the call had waited. */
  settle?(executionId: string, context: ToolContext): Promise<ToolAnswer<z.input<O>>>;
}

/**
 * Defines a tool as clients see it; `.handler(…)` adds the code. The handler gets checked arguments. If it throws a
 * `FleetError`, the caller sees its remedy. For any other error the caller sees a neutral sentence.
 * @example export default defineTool({ name: 'list_queues', … }).handler(async ({ limit }, { conductor }) => ({ text, structured }))
 */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(
  spec: ToolSpec<I, O>,
): { handler(handle: Tool<I, O>['handle'], more?: Pick<Tool<I, O>, 'settle'>): Tool<I, O> } {
  return { handler: (handle, more) => ({ kind: 'tool', ...spec, handle, ...more }) };
}

/** True for what `defineTool(…).handler(…)` returns. */
export function isTool(value: unknown): value is Tool {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tool' && 'handle' in value;
}
