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
 * Questions to the client, written once for both eras of the protocol.
 *
 * 1. A question that has no answer yet ends the handler: it throws `InputNeeded`, and the server answers with the question.
 * 2. The call comes back with the answer and the handler runs again from its beginning: the 2026 client sends it again, for the
 *    2025 client the SDK asks over the open connection and calls the handler itself. So a handler asks before it changes anything.
 * 3. Answers of earlier questions travel in the request state, so any process can go on with the call. They are not signed: the
 *    client that carries them is the one that gave them, and each is checked again wherever it is read.
 */

/** How a person answered a form. */
export type Elicited<T> =
  | { readonly action: 'accept'; readonly content: T }
  | { readonly action: 'decline' | 'cancel' };

/** A form for a person: flat, of strings, numbers, booleans and enumerations, as the protocol allows no others. */
export interface Form<S extends z.ZodObject> {
  readonly message: string;
  readonly requestedSchema: S;
}

/** What the client's model is asked. */
export interface Prompt {
  readonly prompt: string;
  readonly systemPrompt?: string;
  readonly maxTokens: number;
}

/** Questions that a handler can put to the client during a call. Each has a key of its own within the call. */
export interface Asking {
  /** Asks the person; undefined where the client cannot show a form. An answer that does not fit the schema is asked for again. */
  elicit<S extends z.ZodObject>(key: string, form: Form<S>): Promise<Elicited<z.output<S>> | undefined>;
  /** Asks the client's model and returns its text; undefined where the client lends none. */
  sample(key: string, prompt: Prompt): Promise<string | undefined>;
}

/** Ends a handler whose question has to be answered first. It is no failure: whoever calls handlers turns it into `result`. */
export class InputNeeded extends Error {
  override readonly name = 'InputNeeded';
  readonly result: InputRequiredResult;

  constructor(result: InputRequiredResult) {
    super('The call needs an answer of the client.');
    this.result = result;
  }
}

const answers = z.record(z.string(), z.unknown());
type Answers = z.output<typeof answers>;

/**
 * The questions of one call to a client that can do what `can` says (`capabilitiesOf`).
 * @throws ProtocolError invalid params if the client sent a request state that is none of ours
 */
export function createAsking({ mcpReq }: ServerContext, can: Capabilities): Asking {
  const given: Answers = { ...answersIn(mcpReq.requestState()), ...mcpReq.inputResponses };
  return {
    async elicit(key, { message, requestedSchema }) {
      if (!showsForms(can)) return undefined;
      const view = inputResponse(given, key);
      return elicited(view, requestedSchema) ?? ask(given, key, inputRequired.elicit({ message, requestedSchema }));
    },
    async sample(key, { prompt, systemPrompt, maxTokens }) {
      if (!can.sampling) return undefined;
      const view = inputResponse(given, key);
      if (view.kind === 'sampling') return textOf(view.result.content);
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: prompt } }];
      return ask(
        given,
        key,
        inputRequired.createMessage({ messages, maxTokens, ...(systemPrompt !== undefined && { systemPrompt }) }),
      );
    },
  };
}

function ask(given: Answers, key: string, question: InputRequest): never {
  const { [key]: unfit, ...earlier } = given;
  const state = Object.keys(earlier).length > 0 && { requestState: JSON.stringify(earlier) };
  throw new InputNeeded(inputRequired({ inputRequests: { [key]: question }, ...state }));
}

function answersIn(state: unknown): Answers {
  if (state === undefined) return {};
  try {
    return answers.parse(JSON.parse(z.string().parse(state)));
  } catch (cause) {
    const refusal = new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid requestState: send back what you got.');
    refusal.cause = cause;
    throw refusal;
  }
}

function elicited<S extends z.ZodObject>(view: InputResponseView, schema: S): Elicited<z.output<S>> | undefined {
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
