import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { z } from 'zod';

/** The tool that the model calls, or undefined if the model answers in words. */
export type Choice = { readonly tool: string; readonly args?: unknown } | undefined;

interface Received {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: z.output<typeof requestSchema>;
}

const requestSchema = z.looseObject({
  model: z.string(),
  temperature: z.number().optional(),
  tools: z.array(z.looseObject({})),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })),
});

/** An error that the server sends instead of the model's answer. */
export interface Refusal {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly message: string;
}

export interface ModelProvider {
  readonly url: string;
  readonly received: Received[];
  /** The errors that the server sends first, in this order. */
  readonly refusals: Refusal[];
  close(): Promise<void>;
}

/** Starts a local server with the APIs of Anthropic (`/v1/messages`) and OpenAI (`/v1/chat/completions`). `choose` plays the model. */
export async function startModelProvider(choose: (request: string) => Choice): Promise<ModelProvider> {
  const received: Received[] = [];
  const refusals: Refusal[] = [];
  const server = createServer(async (request, response) => {
    const { url: path = '', headers } = request;
    const body = requestSchema.parse(JSON.parse(await text(request)));
    received.push({ path, headers, body });
    const refusal = refusals.shift();
    response.writeHead(refusal?.status ?? 200, { 'content-type': 'application/json', ...refusal?.headers });
    if (refusal) return void response.end(JSON.stringify({ type: 'error', error: { message: refusal.message } }));
    const asked = body.messages.find(({ role }) => role === 'user')?.content;
    const choice = choose(String(asked));
    response.end(JSON.stringify(path === '/v1/messages' ? anthropicAnswer(choice) : openaiAnswer(choice)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // cast: a server on a port has this type of address
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    refusals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function anthropicAnswer(choice: Choice): object {
  const words = { type: 'text', text: 'Let me see.' };
  return {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    content: choice
      ? [words, { type: 'tool_use', id: 'toolu_1', name: choice.tool, input: choice.args ?? {} }]
      : [words],
    stop_reason: choice ? 'tool_use' : 'end_turn',
    usage: { input_tokens: 100, cache_creation_input_tokens: 0, cache_read_input_tokens: 900, output_tokens: 20 },
  };
}

function openaiAnswer(choice: Choice): object {
  const call = choice && {
    id: 'call_x',
    type: 'function',
    function: { name: choice.tool, arguments: JSON.stringify(choice.args ?? {}) },
  };
  return {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: call ? null : 'Let me see.', ...(call && { tool_calls: [call] }) },
        finish_reason: call ? 'tool_calls' : 'stop',
      },
    ],
    usage: { prompt_tokens: 1000, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 900 } },
  };
}
