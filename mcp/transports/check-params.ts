import { type JSONRPCErrorResponse, PROTOCOL_VERSION_META_KEY, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { isObject } from '../../core/json.ts';
import { zodSentences } from '../../core/schema/zod-sentences.ts';

type Json = Record<string, unknown>;

const text = z.string();
const page = z.looseObject({ cursor: text.optional() });
const address = z.looseObject({ uri: text });

/** The parameters of the methods that clients send, as far as this server reads them. */
const PARAMS: Readonly<Record<string, z.ZodType>> = {
  'tools/list': page,
  'prompts/list': page,
  'resources/list': page,
  'resources/templates/list': page,
  'tools/call': z.looseObject({ name: text, arguments: z.record(text, z.unknown()).optional() }),
  'prompts/get': z.looseObject({ name: text, arguments: z.record(text, text).optional() }),
  'resources/read': address,
  'resources/subscribe': address,
  'resources/unsubscribe': address,
  'completion/complete': z.looseObject({
    ref: z.looseObject({ type: text }),
    argument: z.looseObject({ name: text, value: text }),
  }),
};

/** The revision of 2026 no longer has these methods, and answers that they are unknown. */
const OLD = ['resources/subscribe', 'resources/unsubscribe'];

/** True for a message of the revision of 2026, which names its revision in each message. */
export function isOfToday({ params }: { readonly params?: unknown }): boolean {
  return isObject(params) && isObject(params._meta) && PROTOCOL_VERSION_META_KEY in params._meta;
}

/** A message that the SDK can read, or the answer to a request that it would refuse with a dump of its own checks. */
export type CheckedMessage = { readonly message: unknown } | { readonly refusal: JSONRPCErrorResponse };

/** Checks the parameters of a request. Values whose meaning is plain are converted first: see `plainly`. */
export function checkParams(message: unknown): CheckedMessage {
  if (!isObject(message) || typeof message.method !== 'string') return { message };
  const isKnown = Object.hasOwn(PARAMS, message.method) && !(OLD.includes(message.method) && isOfToday(message));
  const schema = isKnown ? PARAMS[message.method] : undefined;
  const { id } = message;
  if (!schema || (typeof id !== 'string' && !Number.isSafeInteger(id))) return { message };
  const params = plainly(message.method, isObject(message.params) ? message.params : {});
  const parsed = schema.safeParse(params);
  if (parsed.success) return { message: { ...message, params } };
  const sentences = zodSentences(parsed.error, params).join(' ');
  const error = {
    code: ProtocolErrorCode.InvalidParams,
    message: `The request ${message.method} is wrong. ${sentences}`,
  };
  return { refusal: { jsonrpc: '2.0', id: id as string | number, error } }; // checked above
}

/** Clients write numbers as arguments of prompts, which the protocol wants as texts, and null for no arguments. */
function plainly(method: string, params: Json): Json {
  const { arguments: args, ...others } = params;
  if (args === null) return others;
  if (method !== 'prompts/get' || !isObject(args)) return params;
  const texts = Object.entries(args).flatMap(([name, value]) => {
    if (value === null) return [];
    return [[name, typeof value === 'number' || typeof value === 'boolean' ? String(value) : value]];
  });
  return { ...others, arguments: Object.fromEntries(texts) };
}
