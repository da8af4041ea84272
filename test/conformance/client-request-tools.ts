import { randomBytes } from 'node:crypto';
import {
  createRequestStateCodec,
  type InputRequest,
  type InputRequests,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  type JSONObject,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server';
import { type FixtureContext, type FixtureTool, textResult } from './fixture-tool.ts';

const state = createRequestStateCodec({ key: randomBytes(32) });

/** Returns the state that the client sent back. @throws ProtocolError (invalid params) if the client changed it */
async function stateOf({ mcpReq, ...context }: FixtureContext): Promise<unknown> {
  const sent = mcpReq.requestState<string>();
  if (sent === undefined) return undefined;
  try {
    return await state.verify(sent, { ...context, mcpReq });
  } catch {
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'Invalid or expired requestState');
  }
}

/** Makes a form with these fields. All of them are required. */
export function form(message: string, properties: Record<string, JSONObject>): InputRequest {
  return {
    method: 'elicitation/create',
    params: {
      mode: 'form',
      message,
      requestedSchema: { type: 'object', properties, required: Object.keys(properties) },
    },
  } as InputRequest; // cast: the fields are plain JSON, and the protocol's schema is stricter
}

function question(text: string, maxTokens = 100): InputRequest {
  return inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });
}

const roots: InputRequest = { method: 'roots/list', params: {} };

const answerTo = (context: FixtureContext, key: string) => inputResponse(context.mcpReq.inputResponses, key);

/** Sends these requests to the client, and shows the answers once all have arrived. */
async function askOnce(
  context: FixtureContext,
  requests: InputRequests,
  show: (answers: readonly unknown[]) => string,
): Promise<InputRequiredResult | ReturnType<typeof textResult>> {
  const views = Object.keys(requests).map((key) => answerTo(context, key));
  if (views.some(({ kind }) => kind === 'missing')) return inputRequired({ inputRequests: requests });
  return textResult(show(views));
}

const asJson = (views: readonly unknown[]) => JSON.stringify(views);
const string = { type: 'string' };
const choices = (type: 'oneOf' | 'anyOf', noun: string) => ({
  [type]: ['First', 'Second', 'Third'].map((word, index) => ({ const: `value${index + 1}`, title: `${word} ${noun}` })),
});
const enumSchemas: Record<string, JSONObject> = {
  untitledSingle: { ...string, enum: ['option1', 'option2', 'option3'] },
  titledSingle: { ...string, ...choices('oneOf', 'Option') },
  legacyEnum: { ...string, enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
  untitledMulti: { type: 'array', items: { ...string, enum: ['option1', 'option2', 'option3'] } },
  titledMulti: { type: 'array', items: choices('anyOf', 'Choice') },
};
const defaults: Record<string, JSONObject> = {
  name: { ...string, default: 'John Doe' },
  age: { type: 'integer', default: 30 },
  score: { type: 'number', default: 95.5 },
  status: { ...string, enum: ['active', 'inactive', 'pending'], default: 'active' },
  verified: { type: 'boolean', default: true },
};

/** Tools that send requests to the client (sampling, elicitation, roots) before they answer. */
export const clientRequestTools: Readonly<Record<string, FixtureTool>> = {
  test_sampling: {
    description: "Sends a prompt to the client's model.",
    inputSchema: { type: 'object', properties: { prompt: string }, required: ['prompt'] },
    call: ({ prompt }, context) =>
      askOnce(context, { answer: question(String(prompt)) }, (views) => `LLM response: ${asJson(views)}`),
  },
  test_elicitation: {
    description: 'Asks the person.',
    inputSchema: { type: 'object', properties: { message: string }, required: ['message'] },
    call: ({ message }, context) =>
      askOnce(
        context,
        { answer: form(String(message), { username: string, email: string }) },
        (views) => `User response: ${asJson(views)}`,
      ),
  },
  test_elicitation_sep1034_defaults: {
    description: 'Shows the person a form whose fields have default values.',
    call: (_args, context) => askOnce(context, { answer: form('Please review and update', defaults) }, asJson),
  },
  test_elicitation_sep1330_enums: {
    description: 'Shows the person a form whose fields are lists of choices.',
    call: (_args, context) => askOnce(context, { answer: form('Please select options', enumSchemas) }, asJson),
  },
  test_streaming_elicitation: {
    description: 'Asks the person for a confirmation while the answer is a stream.',
    call: (_args, context) => askOnce(context, { ok: form('Go on?', { ok: { type: 'boolean' } }) }, asJson),
  },
  test_input_required_result_elicitation: {
    description: 'Asks for a name.',
    async call(_args, context) {
      const view = answerTo(context, 'user_name');
      if (view.kind === 'elicit') return textResult(`Hello, ${view.content?.name}!`);
      return inputRequired({ inputRequests: { user_name: form('What is your name?', { name: string }) } });
    },
  },
  test_input_required_result_sampling: {
    description: "Asks the client's model for a capital.",
    call: (_args, context) =>
      askOnce(context, { capital_question: question('What is the capital of France?') }, asJson),
  },
  test_input_required_result_list_roots: {
    description: 'Requests the list of roots from the client.',
    call: (_args, context) => askOnce(context, { client_roots: roots }, asJson),
  },
  test_input_required_result_request_state: stateful('confirm', 'Please confirm'),
  test_input_required_result_tampered_state: stateful('confirm', 'Please confirm'),
  test_input_required_result_multiple_inputs: {
    description: 'Sends three requests to the client at once.',
    async call(_args, context) {
      const requests = {
        user_name: form('What is your name?', { name: string }),
        greeting: question('Generate a greeting', 50),
        client_roots: roots,
      };
      if ((await stateOf(context)) !== undefined) return askOnce(context, requests, asJson);
      return inputRequired({ inputRequests: requests, requestState: await state.mint('asked', context) });
    },
  },
  test_input_required_result_multi_round: {
    description: 'Asks two questions, one after the other.',
    async call(_args, context) {
      const ask = async (key: string, message: string, field: string) =>
        inputRequired({
          inputRequests: { [key]: form(message, { [field]: string }) },
          requestState: await state.mint(key, context),
        });
      const asked = await stateOf(context);
      if (asked === 'step2') return textResult('Both steps are answered');
      if (asked === 'step1') return ask('step2', 'Step 2: What is your favorite color?', 'color');
      return ask('step1', 'Step 1: What is your name?', 'name');
    },
  },
  test_input_required_result_capabilities: {
    description: 'Sends only requests that the client supports.',
    async call(_args, context) {
      const requests: InputRequests = {
        ...(context.can.elicitation && { user_name: form('What is your name?', { name: string }) }),
        ...(context.can.sampling && { greeting: question('Generate a greeting', 50) }),
      };
      return Object.keys(requests).length > 0 ? askOnce(context, requests, asJson) : textResult('Nothing to ask');
    },
  },
};

function stateful(key: string, message: string): FixtureTool {
  return {
    description: 'Asks a question, and rejects an answer whose state this server did not make.',
    async call(_args, context) {
      if ((await stateOf(context)) !== undefined) return textResult('state-ok');
      return inputRequired({
        inputRequests: { [key]: form(message, { ok: { type: 'boolean' } }) },
        requestState: await state.mint(key, context),
      });
    },
  };
}
