import type { z } from 'zod';
import type { Permission } from '../admission/permissions.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import type { Completer } from './completers.ts';

/** A part of a prompt: what the person says, or an enclosed resource, whose text is data. */
export type Part =
  | { readonly text: string }
  | { readonly resource: { readonly uri: string; readonly mimeType: string; readonly text: string } };

/** A prompt as clients see it. */
export interface PromptSpec<A extends z.ZodObject = z.ZodObject> {
  /** `snake_case`; the file is named after it. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly permission: Permission;
  /** A strict object. Every field has a description and is parsed from a string, because the protocol passes only strings. */
  readonly arguments: A;
  /** The possible values of arguments. */
  readonly complete?: { readonly [K in keyof z.output<A>]?: Completer };
}

/** A prompt and the code that writes it. */
export interface Prompt<A extends z.ZodObject = z.ZodObject> extends PromptSpec<A> {
  readonly kind: 'prompt';
  write(args: z.output<A>, context: ReadContext): Promise<readonly Part[]>;
}

/**
 * Defines a prompt as clients see it; `.messages(…)` adds its text: which tools to call in which order, with the current state.
 * @example export default definePrompt({ name: 'tidy_up', … }).messages(async ({ days }, { conductor }) => [{ text: '…' }])
 */
export function definePrompt<A extends z.ZodObject>(
  spec: PromptSpec<A>,
): { messages(write: Prompt<A>['write']): Prompt<A> } {
  return { messages: (write) => ({ kind: 'prompt', ...spec, write }) };
}

/** True for what `definePrompt(…).messages(…)` returns. */
export function isPrompt(value: unknown): value is Prompt {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'prompt' && 'write' in value;
}
