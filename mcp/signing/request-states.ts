import { createHash } from 'node:crypto';
import {
  createRequestStateCodec,
  ProtocolError,
  ProtocolErrorCode,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import { named } from '../../core/settings/named.ts';
import type { Caller } from '../admission/permissions.ts';

/** A person may take this long to answer a form. */
const VALID_SECONDS = 3600;

const callState = z.object({
  /** The key of the request that the client has to answer. */
  asked: z.string(),
  /** The answers to earlier requests of the call, by their keys. */
  answers: z.record(z.string(), z.unknown()),
});

/** What a call has asked its client, and what the client has answered. */
export type CallState = z.output<typeof callState>;

/** Writes and reads the request state of one call. */
export interface RequestStates {
  write(state: CallState, context: ServerContext): Promise<string>;
  /**
   * The state that the client sent back. Undefined if it sent none, or if the state is too old; the question is then asked again.
   * @throws ProtocolError invalid params for a state of another caller, tool or argument, or of another server
   */
  read(context: ServerContext): Promise<CallState | undefined>;
}

/**
 * Signs the request states of one call with the SDK's codec. A state is valid only for this caller and method, and for the same `about`:
 * the tool and its arguments.
 */
export function requestStates(key: Uint8Array, { id }: Pick<Caller, 'id'>, about: unknown): RequestStates {
  // Made when it is needed: most calls ask nothing.
  const codec = () => {
    const what = createHash('sha256').update(canonical(about)).digest('base64url');
    return createRequestStateCodec<CallState>({
      key,
      ttlSeconds: VALID_SECONDS,
      bind: ({ mcpReq }) => JSON.stringify([id, mcpReq.method, what]),
    });
  };
  return {
    write: (state, context) => codec().mint(state, context),
    async read(context) {
      const sent = context.mcpReq.requestState<unknown>();
      if (sent === undefined) return undefined;
      try {
        return callState.parse(await codec().verify(z.string().parse(sent), context));
      } catch (cause) {
        if (cause instanceof Error && cause.message === 'expired') return undefined;
        const refusal = new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `Invalid requestState: it was not made for this call. Send it back unchanged, with the same arguments, as the same caller. If the server was restarted, or has several processes without a common ${named('mcpStateKey')}, make the call again without requestState.`,
        );
        refusal.cause = cause;
        throw refusal;
      }
    },
  };
}

/** JSON in which the order of the keys does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part) || JSON.isRawJSON(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
