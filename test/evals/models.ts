import { z } from 'zod';
import type { RankedTool } from './ranking.ts';

/** One turn of a conversation. The code for each provider converts it to the format of that provider. */
export type Turn =
  | { readonly role: 'user'; readonly text: string }
  | { readonly role: 'call'; readonly tool: string; readonly args: Readonly<Record<string, unknown>> }
  | { readonly role: 'answer'; readonly text: string };

/** The model's next step and its token usage. */
export interface Reply {
  readonly calls: readonly { readonly tool: string; readonly args: unknown }[];
  /** `input` counts the tokens that the model read, including the `cached` ones; `output` counts those that it wrote. */
  readonly usage: { readonly input: number; readonly cached: number; readonly output: number };
}

/** Address, key and model of a provider. */
export interface Provider {
  readonly name: 'anthropic' | 'openai';
  readonly key: string;
  readonly baseUrl: string;
  readonly model: string;
}

export interface Question {
  readonly system: string;
  readonly turns: readonly Turn[];
  readonly tools: readonly RankedTool[];
}

const MAX_OUTPUT_TOKENS = 1024;
const TRIES = 5;
const LONGEST_WAIT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 120_000;

/** Returns the provider whose key is in the environment, Anthropic first. Undefined if there is no key. */
export function providerOf(env: Readonly<Record<string, string | undefined>>): Provider | undefined {
  if (env.ANTHROPIC_API_KEY) {
    const baseUrl = env.ANTHROPIC_BASE_URL ?? 'https://api.anthropic.com';
    return { name: 'anthropic', key: env.ANTHROPIC_API_KEY, baseUrl, model: env.EVALS_MODEL ?? 'claude-sonnet-4-5' };
  }
  if (env.OPENAI_API_KEY) {
    const baseUrl = env.OPENAI_BASE_URL ?? 'https://api.openai.com/v1';
    return { name: 'openai', key: env.OPENAI_API_KEY, baseUrl, model: env.EVALS_MODEL ?? 'gpt-4.1-mini' };
  }
  return undefined;
}

/**
 * Asks a model for its next step. It sends temperature 0, or no temperature if the model refuses that. If the provider is busy, it
 * waits and tries again, five times at most.
 * @throws Error with the provider's own words if the provider refuses the request
 */
export async function ask(provider: Provider, question: Question, wait = pause): Promise<Reply> {
  const { path, headers, body, read } = provider.name === 'anthropic' ? anthropic(question) : openai(question);
  let settings: object = { model: provider.model, temperature: 0 };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${provider.baseUrl.replace(/\/$/, '')}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers(provider.key) },
      body: JSON.stringify({ ...settings, ...body }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    if (response.ok) return read(await response.json());
    const refusal = await response.text();
    const accepted = response.status === 400 ? withoutRefused(settings, refusal) : undefined;
    if (accepted) settings = accepted;
    else if (attempt < TRIES && (response.status === 429 || response.status >= 500)) {
      await wait(Math.min(LONGEST_WAIT_MS, retryAfterMs(response) ?? 1000 * 2 ** attempt));
    } else throw new Error(`${provider.name} ${provider.model} answered ${response.status}: ${refusal.slice(0, 500)}`);
  }
}

interface Wire {
  path: string;
  headers: (key: string) => Record<string, string>;
  body: object;
  read: (answer: unknown) => Reply;
}

const anthropicAnswer = z.looseObject({
  content: z.array(
    z.union([
      z.looseObject({ type: z.literal('tool_use'), name: z.string(), input: z.unknown() }),
      z.looseObject({ type: z.string() }).transform(() => undefined),
    ]),
  ),
  usage: z.looseObject({
    input_tokens: z.int(),
    output_tokens: z.int(),
    cache_read_input_tokens: z.int().nullish(),
    cache_creation_input_tokens: z.int().nullish(),
  }),
});

function anthropic({ system, turns, tools }: Question): Wire {
  const listed = tools.map(({ name, description, inputSchema }) => ({ name, description, input_schema: inputSchema }));
  return {
    path: '/v1/messages',
    headers: (key) => ({ 'x-api-key': key, 'anthropic-version': '2023-06-01' }),
    body: {
      max_tokens: MAX_OUTPUT_TOKENS,
      // The list of tools is equal in every request. This mark lets the provider read it from its cache.
      system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }],
      tools: listed,
      messages: turns.map((turn) => {
        if (turn.role === 'user') return { role: 'user', content: turn.text };
        if (turn.role === 'answer') {
          return { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1', content: turn.text }] };
        }
        return { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: turn.tool, input: turn.args }] };
      }),
    },
    read: (answer) => {
      const { content, usage } = anthropicAnswer.parse(answer);
      const cached = usage.cache_read_input_tokens ?? 0;
      return {
        calls: content.flatMap((block) => (block ? [{ tool: block.name, args: block.input }] : [])),
        usage: {
          input: usage.input_tokens + cached + (usage.cache_creation_input_tokens ?? 0),
          cached,
          output: usage.output_tokens,
        },
      };
    },
  };
}

const openaiAnswer = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({
          tool_calls: z
            .array(z.looseObject({ function: z.looseObject({ name: z.string(), arguments: z.string() }) }))
            .nullish(),
        }),
      }),
    )
    .min(1),
  usage: z.looseObject({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    prompt_tokens_details: z.looseObject({ cached_tokens: z.int().nullish() }).nullish(),
  }),
});

function openai({ system, turns, tools }: Question): Wire {
  const listed = tools.map(({ name, description, inputSchema }) => ({
    type: 'function',
    function: { name, description, parameters: inputSchema },
  }));
  const call = (tool: string, args: unknown) => ({
    id: 'call_1',
    type: 'function',
    function: { name: tool, arguments: JSON.stringify(args) },
  });
  return {
    path: '/chat/completions',
    headers: (key) => ({ authorization: `Bearer ${key}` }),
    body: {
      max_completion_tokens: MAX_OUTPUT_TOKENS,
      tools: listed,
      messages: [
        { role: 'system', content: system },
        ...turns.map((turn) => {
          if (turn.role === 'user') return { role: 'user', content: turn.text };
          if (turn.role === 'answer') return { role: 'tool', tool_call_id: 'call_1', content: turn.text };
          return { role: 'assistant', content: null, tool_calls: [call(turn.tool, turn.args)] };
        }),
      ],
    },
    read: (answer) => {
      const { choices, usage } = openaiAnswer.parse(answer);
      return {
        calls: (choices[0]?.message.tool_calls ?? []).map(({ function: { name, arguments: args } }) => ({
          tool: name,
          args: parsed(args),
        })),
        usage: {
          input: usage.prompt_tokens,
          cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
          output: usage.completion_tokens,
        },
      };
    },
  };
}

/** Parses the arguments that a model wrote. If they are not JSON, the call counts as wrong and the evaluation continues. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

/** Removes the temperature if the model refused it. Reasoning models do. */
function withoutRefused(settings: object, refusal: string): object | undefined {
  if (!('temperature' in settings && /temperature/i.test(refusal))) return undefined;
  const { temperature: _, ...rest } = settings;
  return rest;
}

function retryAfterMs(response: Response): number | undefined {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
