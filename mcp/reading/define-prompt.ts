import type { z } from 'zod';
import type { Permission } from '../admission/permissions.ts';
import type { ReadContext } from '../engine/define-tool.ts';
import type { Completer } from './completers.ts';

/** A part of a prompt: what the person says, or a resource that goes with it, whose text is data. */
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
  /** A strict object, every field described and read from a string: the protocol has no other arguments. */
  readonly arguments: A;
  /** What an argument can be completed to. */
  readonly complete?: { readonly [K in keyof z.output<A>]?: Completer };
}

/** A prompt together with the code that writes it. */
export interface Prompt<A extends z.ZodObject = z.ZodObject> extends PromptSpec<A> {
  readonly kind: 'prompt';
  write(args: z.output<A>, context: ReadContext): Promise<readonly Part[]>;
}

/**
 * What a prompt is for; then, with `.messages(…)`, what it says: which tools to call in which order, on what there is now.
 * @example export default definePrompt({ name: 'tidy_up', … }).messages(async ({ days }, { conductor }) => [{ text: '…' }])
 */
export function definePrompt<A extends z.ZodObject>(
  spec: PromptSpec<A>,
): { messages(write: Prompt<A>['write']): Prompt<A> } {
  return { messages: (write) => ({ kind: 'prompt', ...spec, write }) };
}

/** True for a default export made with `definePrompt(…).messages(…)`. */
export function isPrompt(value: unknown): value is Prompt {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'prompt' && 'write' in value;
}
