import {
  type InputRequest,
  type InputRequiredResult,
  type InputResponseView,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { type Capabilities, showsForms } from './client-capabilities.ts';

/*
 * Elicitation (a form for the client's person) and sampling (a prompt for the client's model), written once for both eras.
 *
 * 1. If the client has not answered a request yet, the handler ends by throwing `InputNeeded`. Its result carries the request.
 * 2. Later the handler runs again from its beginning, with the answer. A 2026 client repeats the call; for a 2025 client the SDK
 *    sends the request over the open connection and calls the handler itself. So a handler must elicit before it changes anything.
 * 3. Earlier answers travel in the request state, so any process can continue the call. They need no signature: the client carries
 *    only its own answers, and the server checks each answer wherever it is read.
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

const answers = z.record(z.string(), z.unknown());
type Answers = z.output<typeof answers>;

/**
 * Elicitation and sampling for one call, limited to the client's capabilities `can` (from `capabilitiesOf`).
 * @throws ProtocolError invalid params if the client sent a request state that this server did not make
 */
export function createElicitation({ mcpReq }: ServerContext, can: Capabilities): Elicitation {
  const given: Answers = { ...answersIn(mcpReq.requestState()), ...mcpReq.inputResponses };
  return {
    async elicit(key, { message, requestedSchema }) {
      if (!showsForms(can)) return undefined;
      const view = inputResponse(given, key);
      return (
        elicited(view, requestedSchema) ?? needInput(given, key, inputRequired.elicit({ message, requestedSchema }))
      );
    },
    async sample(key, { prompt, systemPrompt, maxTokens }) {
      if (!can.sampling) return undefined;
      const view = inputResponse(given, key);
      if (view.kind === 'sampling') return textOf(view.result.content);
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      return needInput(
        given,
        key,
        inputRequired.createMessage({ messages, maxTokens, ...(systemPrompt !== undefined && { systemPrompt }) }),
      );
    },
  };
}

function needInput(given: Answers, key: string, request: InputRequest): never {
  const { [key]: unfit, ...earlier } = given;
  const state = Object.keys(earlier).length > 0 && { requestState: JSON.stringify(earlier) };
  throw new InputNeeded(inputRequired({ inputRequests: { [key]: request }, ...state }));
}

function answersIn(state: unknown): Answers {
  if (state === undefined) return {};
  try {
    return answers.parse(JSON.parse(z.string().parse(state)));
  } catch (cause) {
    const refusal = new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'Invalid requestState: send the requestState back unchanged.',
    );
    refusal.cause = cause;
    throw refusal;
  }
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
