import type { CallToolResult } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Logger } from '../../core/log.ts';
import type { Leases } from '../agents/leases.ts';
import type { Definitions } from '../shared/definition-cache.ts';
import type { Elicitation } from './elicitation.ts';
import type { Caller, Permission } from './permissions.ts';
import type { Choice, Toolset } from './toolsets.ts';

/** MCP's hints, all four written out: what is left away has a default that clients read differently. */
export interface ToolAnnotations {
  readonly readOnlyHint: boolean;
  readonly destructiveHint: boolean;
  readonly idempotentHint: boolean;
  /** True where the call can reach systems beyond Conductor. */
  readonly openWorldHint: boolean;
}

/** A language model as the Conductor server knows it. */
export interface ServerModel {
  readonly provider: string;
  readonly model: string;
}

/** A definition that is kept as code, in Conductor JSON. */
export interface CodeDefinition {
  readonly name: string;
  readonly version: number;
  readonly [field: string]: unknown;
}

/** How far a long call has come. `progress` only ever grows; `total` is in the same unit. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message: string;
}

/** What readers of resources and makers of prompts are handed beside their arguments, and handlers of tools among more. */
export interface ReadContext {
  /** Its calls end with `signal`. */
  readonly conductor: Conductor;
  /** The registered workflow definitions, kept for an hour and checked against the server. */
  readonly definitions: Definitions;
  /** Whether this caller may do more than what was asked for. */
  allows(permission: Permission): boolean;
  readonly caller: Caller;
  /** Limit of the whole answer, text and structured content together. A handler keeps well below it by itself. */
  readonly maxResponseBytes: number;
  readonly log: Logger;
  /** The model that authors may ask through the Conductor server, if one is configured. */
  readonly model?: ServerModel;
  /** The workflow definitions that are kept as code beside this server, as they would be registered. */
  ours(): Promise<readonly CodeDefinition[]>;
  /** Aborted when the client cancels, disconnects, or the server stops. */
  readonly signal: AbortSignal;
}

/** What a handler of a tool is handed beside its arguments. */
export interface ToolContext extends ReadContext, Elicitation {
  /** Tells the client how far the call has come, if it asked to be told. */
  progress(progress: Progress): void;
  /** The leases of tasks that agents have claimed; they outlast a call. */
  readonly leases: Leases;
  /** Every tool there is, and whether it is switched on where this call came from. */
  tools(): Promise<readonly ToolOffer[]>;
}

/** A tool as a caller may have it. */
export interface ToolOffer {
  readonly name: string;
  readonly toolset: Toolset;
  readonly permission: Permission;
  readonly isOn: boolean;
}

/** Something too large for an answer that the client can read as a resource. */
export interface Link {
  readonly uri: string;
  readonly name: string;
  readonly description?: string;
  readonly mimeType?: string;
  /** Bytes. */
  readonly size?: number;
}

/** An answer twice: as text that a model reads, and as the value the output schema promises. */
export interface ToolAnswer<O> {
  readonly text: string;
  readonly structured: O;
  readonly links?: readonly Link[];
  /** The execution that this call goes on as: a client that follows tasks gets it as a task, whose result the tool's `settle` makes. */
  readonly continues?: string;
}

/** A tool as clients see it. */
export interface ToolSpec<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> {
  /** `snake_case`; the file is named after it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly toolset: Toolset;
  /** Offered where nobody chose toolsets. */
  readonly byDefault?: boolean;
  readonly permission: Permission;
  readonly annotations: ToolAnnotations;
  /** The picture that a client which shows MCP Apps puts beside the answer: the address of a `ui://` resource. */
  readonly view?: `ui://${string}`;
  /** A strict object, every field described. */
  readonly input: I;
  readonly output: O;
}

/** A tool together with the code that answers it. */
export interface Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> extends ToolSpec<I, O> {
  readonly kind: 'tool';
  handle(args: z.output<I>, context: ToolContext): Promise<ToolAnswer<z.input<O>>>;
  /** The answer for an execution that has ended after a call said it `continues` as it: what the call would have answered itself. */
  settle?(executionId: string, context: ToolContext): Promise<ToolAnswer<z.input<O>>>;
}

/**
 * What a tool is; then, with `.handler(…)`, what it does. The handler gets checked arguments and may throw: a `FleetError` reaches
 * the caller with its remedy, anything else as a neutral sentence.
 * @example export default defineTool({ name: 'list_queues', … }).handler(async ({ limit }, { conductor }) => ({ text, structured }))
 */
export function defineTool<I extends z.ZodObject, O extends z.ZodObject>(
  spec: ToolSpec<I, O>,
): { handler(handle: Tool<I, O>['handle'], more?: Pick<Tool<I, O>, 'settle'>): Tool<I, O> } {
  return { handler: (handle, more) => ({ kind: 'tool', ...spec, handle, ...more }) };
}

/** True for a default export made with `defineTool(…).handler(…)`. */
export function isTool(value: unknown): value is Tool {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'tool' && 'handle' in value;
}

/** One call on its way through the guards. */
export interface ToolCall {
  /** Names this call in the log and in the answer to an unexpected error. */
  readonly id: string;
  readonly tool: Tool;
  /** As the client sent them, not checked yet. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
  /** What is switched on where the call came from. */
  readonly choice?: Choice;
  readonly client: Client;
  readonly signal: AbortSignal;
}

/** What a call may ask of the client that made it. */
export interface Client extends Elicitation {
  progress(progress: Progress): void;
  /** It may be answered with a task in place of a result. */
  readonly followsTasks?: boolean;
}

export type ToolResult = CallToolResult;

/** Lets a call through by `next()`, changes what comes back, or refuses it by throwing a `FleetError`. */
export type Guard = (call: ToolCall, next: () => Promise<ToolResult>) => Promise<ToolResult>;
