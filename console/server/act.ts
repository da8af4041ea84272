import { z } from 'zod';
import { version } from '../../core/version.ts';
import type { Visit } from '../../mcp/transports/server/site.ts';
import type { Acted, ToolCall } from '../shared/messages.ts';
import type { Visitor } from './visitor.ts';

/*
 * An action of a page is a tool call: it enters as if an MCP client had sent it to `/mcp`. So permission, reach, rate limit, audit and the
 * checks of the arguments are those of every other client.
 */

const REVISION = '2026-07-28';
const CLIENT = { name: 'conductor-fleet console', version };

export const toolCall = z.strictObject({
  tool: z.string().min(1).max(100),
  args: z.record(z.string(), z.unknown()),
  asks: z.boolean().optional(),
  answer: z.strictObject({ state: z.string(), key: z.string() }).optional(),
});

const result = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
  inputRequests: z
    .record(z.string(), z.looseObject({ params: z.looseObject({ message: z.string().default('') }).optional() }))
    .optional(),
  requestState: z.string().optional(),
});
const answer = z.object({
  result: result.optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});

/** The status of the HTTP answer, and what the page gets. */
export interface Outcome {
  readonly status: number;
  readonly acted: Acted;
}

/** Calls a tool for the user of the console. The tool may first ask a question: the page shows it and sends the call again. */
export async function act(call: ToolCall, visit: Visit, { authInfo }: Visitor): Promise<Outcome> {
  const { request, body } = mcpCall(call, visit.request);
  const response = await visit.callMcp(request, { parsedBody: body, ...(authInfo && { authInfo }) });
  const said = answer.safeParse(JSON.parse(jsonIn(await response.text()))).data;
  const { result: given, error } = said ?? {};
  if (!given) return failed(response.status, error?.message ?? 'The fleet gave no answer that the console can read.');
  const text = given.content.map((block) => block.text ?? '').join('\n');
  if (given.isError) return failed(response.status, text);
  const [question] = Object.entries(given.inputRequests ?? {});
  if (!question) return { status: response.status, acted: { text, structured: given.structuredContent } };
  const [key, { params }] = question;
  return {
    status: response.status,
    acted: { question: params?.message ?? '', answer: { state: given.requestState ?? '', key } },
  };
}

function mcpCall({ tool, args, asks, answer: given }: ToolCall, { url, signal }: Request) {
  const confirmed = given && {
    requestState: given.state,
    inputResponses: { [given.key]: { action: 'accept', content: { confirm: true } } },
  };
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': REVISION,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': asks ? { elicitation: {} } : {},
  };
  const params = { name: tool, arguments: args, ...confirmed, _meta };
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': REVISION,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': tool,
    'X-MCP-Toolsets': 'all',
  };
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params };
  const request = new Request(new URL('/mcp', url), { method: 'POST', headers, body: JSON.stringify(body), signal });
  return { request, body };
}

/** The answer can come as one body, or as the last event of a stream. */
function jsonIn(text: string): string {
  if (!/^(event|data|id|:)/.test(text)) return text;
  return (
    text
      .split('\n')
      .findLast((line) => line.startsWith('data: {'))
      ?.slice('data: '.length) ?? '{}'
  );
}

/** The error of a tool is text for a model: the code and the message, who can fix it, and what to do next. */
function failed(status: number, text: string): Outcome {
  const [, code = 'failed', message = text] = /^Error \(([\w-]+)\): (.*)/.exec(text) ?? [];
  const remedy = /\nNext: ([\s\S]*)$/.exec(text)?.[1];
  return { status, acted: { error: { code, message, ...(remedy !== undefined && { remedy }) } } };
}
