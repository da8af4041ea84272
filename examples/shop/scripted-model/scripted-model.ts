import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Endpoint, endpoint, Problem } from '../engine/endpoint.ts';
import { decide, readContext } from './research-script.ts';

/** The only model. It follows a script and says so in every answer. */
export const SCRIPTED_MODEL = 'scripted-research-1';

const textPart = z.looseObject({ type: z.string(), text: z.string().optional() });

const message = z.looseObject({
  role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
  content: z.union([z.string(), z.array(textPart)]).nullish(),
});

/** A tool in a request of OpenAI's protocol. */
const offeredTool = z.looseObject({ type: z.string(), function: z.looseObject({ name: z.string() }) });

const completionRequest = z.looseObject({
  model: z.string(),
  messages: z.array(message).min(1),
  tools: z.array(offeredTool).nullish(),
  stream: z.literal(false, 'this model does not stream').nullish(),
});

/** A model provider with OpenAI's chat completions protocol. `research-script.ts` decides its answers. */
export function scriptedModelEndpoints(): Endpoint[] {
  const conversations = new Set<string>();
  return [
    endpoint({
      method: 'GET',
      path: '/llm/v1/models',
      summary: 'the scripted model',
      kind: 'read',
      input: z.object({}),
      handle: () => ({
        status: 200,
        body: { object: 'list', data: [{ id: SCRIPTED_MODEL, object: 'model', created: 0, owned_by: 'demo-shop' }] },
      }),
    }),
    endpoint({
      method: 'POST',
      path: '/llm/v1/chat/completions',
      summary: "a scripted research agent behind OpenAI's chat completions protocol",
      kind: 'read',
      input: completionRequest,
      handle({ model, messages, tools }) {
        if (model !== SCRIPTED_MODEL) {
          throw new Problem(404, 'model_not_found', `There is no model "${model}", only "${SCRIPTED_MODEL}".`);
        }
        const prompt = messages.map((one) => textOf(one.content)).join(' ');
        const answered = messages.findLast(({ role }) => role === 'tool');
        if (answered) return { status: 200, body: completion(`The tool said: ${textOf(answered.content)}`, prompt) };
        const call = callFor(prompt, tools ?? []);
        if (call) return { status: 200, body: toolCall(call, prompt) };
        const said = messages.filter(({ role }) => role === 'user').map(({ content }) => textOf(content));
        const context = readContext(said);
        if (!context) throw new Problem(400, 'bad-request', 'No user message holds a question.');
        const content = answer(context, conversations);
        return { status: 200, body: completion(content, prompt) };
      },
      problemBody: (status, code, text) => ({
        error: {
          message: text,
          type: status >= 500 ? 'server_error' : 'invalid_request_error',
          param: null,
          code,
        },
      }),
    }),
  ];
}

/** @param conversations the questions that have received their malformed answer, but no final answer yet */
function answer(context: NonNullable<ReturnType<typeof readContext>>, conversations: Set<string>): string {
  const { question } = context;
  if (/\bmalformed\b/i.test(question) && !conversations.has(question)) {
    conversations.add(question);
    return `[scripted] I would search for "${question}" now, and this sentence is not JSON.`;
  }
  const decision = decide(context);
  if (decision.action === 'FINAL') conversations.delete(question);
  return JSON.stringify(decision);
}

function completion(content: string, prompt: string): object {
  return chosen({ message: { role: 'assistant', content }, finish_reason: 'stop' }, content, prompt);
}

function toolCall(call: AskedCall, prompt: string): object {
  const asked = { name: call.name, arguments: JSON.stringify(call.arguments) };
  const calls = [{ id: `call_${randomUUID()}`, type: 'function', function: asked }];
  const message = { role: 'assistant', content: null, tool_calls: calls };
  return chosen({ message, finish_reason: 'tool_calls' }, asked.arguments, prompt);
}

function chosen(choice: object, said: string, prompt: string): object {
  const usage = { prompt_tokens: wordCount(prompt), completion_tokens: wordCount(said) };
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: SCRIPTED_MODEL,
    choices: [{ index: 0, ...choice, logprobs: null }],
    usage: { ...usage, total_tokens: usage.prompt_tokens + usage.completion_tokens },
  };
}

function textOf(content: z.output<typeof message>['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text }) => text ?? '').join('');
}

/** Counts words, because the shop has no tokenizer. */
function wordCount(text: string): number {
  return text.match(/\S+/g)?.length ?? 0;
}

/** The tool call that the model asks for. */
interface AskedCall {
  name: string;
  arguments: Record<string, unknown>;
}

/**
 * The script for a model with tools. If the text names an offered tool, the model calls this tool with the JSON object in the text as
 * arguments. Otherwise it calls no tool.
 */
function callFor(text: string, tools: readonly z.output<typeof offeredTool>[]): AskedCall | undefined {
  const tool = tools.find(({ function: { name } }) => text.includes(name));
  if (!tool) return undefined;
  return { name: tool.function.name, arguments: objectIn(text) };
}

function objectIn(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '{}'));
  } catch {
    return {};
  }
}
