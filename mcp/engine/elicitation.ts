import {
  type InputRequest,
  type InputRequiredResult,
  type InputResponseView,
  inputRequired,
  inputResponse,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { RequestStates } from '../signing/request-states.ts';
import { type Capabilities, showsForms } from './client-capabilities.ts';

/*
 * Elicitation (a form for the client's person) and sampling (a prompt for the client's model), written once for both eras.
 *
 * 1. If the client has not answered a request yet, the handler ends by throwing `InputNeeded`. Its result carries the request.
 * 2. Later the handler runs again from its beginning, with the answer. A 2026 client repeats the call; for a 2025 client the SDK
 *    sends the request over the open connection and calls the handler itself. So a handler must elicit before it changes anything.
 * 3. The question and the earlier answers travel in the request state, so any process with the same key can continue the call. The state
 *    is signed and belongs to the caller, the tool and its arguments.
 * 4. An answer counts only if the state says that this question was asked. So a client cannot send a person's yes that no form asked for.
 */

/** How a person answered a form. */
export type ElicitationAnswer<T> =
  | { readonly action: 'accept'; readonly content: T }
  | { readonly action: 'decline' | 'cancel' };

/** A form for a person. The protocol allows flat forms of strings, numbers, booleans and enumerations only. */
export interface Form<S extends z.ZodObject> {
  readonly message: string;
  readonly requestedSchema: S;
}

/** The input of the client's model. */
export interface SamplingPrompt {
  readonly prompt: string;
  readonly systemPrompt?: string;
  readonly maxTokens: number;
}

/** Elicitation and sampling during one call. Each request to the client has a key of its own within the call. */
export interface Elicitation {
  /** Shows the person a form. If the answer does not fit, the person sees the form again. Undefined if the client shows no forms. */
  elicit<S extends z.ZodObject>(key: string, form: Form<S>): Promise<ElicitationAnswer<z.output<S>> | undefined>;
  /** The text with which the client's model answers. Undefined if the client offers no model. */
  sample(key: string, prompt: SamplingPrompt): Promise<string | undefined>;
}

/** Thrown to end a handler that first needs an answer from the client. The call does not fail: `result` is its answer. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';
  readonly result: InputRequiredResult;

  constructor(result: InputRequiredResult) {
    super('The call needs an answer from the client.');
    this.result = result;
  }
}

type Answers = Readonly<Record<string, unknown>>;

/**
 * Elicitation and sampling for one call, limited to the client's capabilities `can` (from `capabilitiesOf`).
 * @throws ProtocolError invalid params if the client sent a request state that this server did not make for this call
 */
export async function createElicitation(
  context: ServerContext,
  can: Capabilities,
  states: RequestStates,
): Promise<Elicitation> {
  const given = await answersIn(context, states);
  const needInput = async (key: string, request: InputRequest): Promise<never> => {
    const { [key]: unfit, ...answers } = given;
    const requestState = await states.write({ asked: key, answers }, context);
    throw new InputNeeded(inputRequired({ inputRequests: { [key]: request }, requestState }));
  };
  return {
    async elicit(key, { message, requestedSchema }) {
      if (!showsForms(can)) return undefined;
      const view = inputResponse(given, key);
      return elicited(view, requestedSchema) ?? needInput(key, inputRequired.elicit({ message, requestedSchema }));
    },
    async sample(key, { prompt, systemPrompt, maxTokens }) {
      if (!can.sampling) return undefined;
      const view = inputResponse(given, key);
      if (view.kind === 'sampling') return textOf(view.result.content);
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      return needInput(
        key,
        inputRequired.createMessage({ messages, maxTokens, ...(systemPrompt !== undefined && { systemPrompt }) }),
      );
    },
  };
}

/** The earlier answers, and the answer to the question that was asked last. */
async function answersIn(context: ServerContext, states: RequestStates): Promise<Answers> {
  const state = await states.read(context);
  if (!state) return {};
  const { inputResponses = {} } = context.mcpReq;
  const { asked, answers } = state;
  return Object.hasOwn(inputResponses, asked) ? { ...answers, [asked]: inputResponses[asked] } : answers;
}

function elicited<S extends z.ZodObject>(
  view: InputResponseView,
  schema: S,
): ElicitationAnswer<z.output<S>> | undefined {
  if (view.kind !== 'elicit') return undefined;
  if (view.action !== 'accept') return { action: view.action };
  const content = schema.safeParse(view.content ?? {});
  return content.success ? { action: 'accept', content: content.data } : undefined;
}

const textBlock = z.object({ type: z.literal('text'), text: z.string() });

function textOf(content: unknown): string {
  const blocks: unknown[] = Array.isArray(content) ? content : [content];
  return blocks.flatMap((block) => textBlock.safeParse(block).data?.text ?? []).join('\n');
}
