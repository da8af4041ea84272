import {
  isJSONRPCErrorResponse,
  isJSONRPCRequest,
  isJSONRPCResponse,
  type JSONRPCErrorResponse,
  type JSONRPCMessage,
  ProtocolError,
  type RequestId,
} from '@modelcontextprotocol/server';
import type { Admitted, Refused } from '../../admission/admit.ts';
import { endAnswered } from '../../engine/requests.ts';
import { isOfToday } from '../check-params.ts';
import type { McpFront } from '../mcp-front.ts';

/** Over stdio, lets in the requests that no handler of ours answers, and ends them with the answers of the SDK. So they are recorded. */
export class UnhandledRequests {
  readonly #front: Pick<McpFront, 'enterUnhandled' | 'recordWrong'>;
  /** By id. A client may use an id twice. */
  readonly #open = new Map<RequestId, Promise<Admitted | Refused>[]>();

  constructor(front: Pick<McpFront, 'enterUnhandled' | 'recordWrong'>) {
    this.#front = front;
  }

  arrived(message: unknown): void {
    if (!isJSONRPCRequest(message) || message.method === 'subscriptions/listen') return;
    const entry = this.#front.enterUnhandled(message, contextOf(message));
    if (entry) this.#open.set(message.id, [...(this.#open.get(message.id) ?? []), entry]);
  }

  refused(message: unknown, { code, message: text }: JSONRPCErrorResponse['error']): void {
    if (!isJSONRPCRequest(message)) return;
    void this.#front.recordWrong(message, contextOf(message), new ProtocolError(code, text));
  }

  async answered(answer: JSONRPCMessage): Promise<void> {
    if (this.#open.size === 0 || !isJSONRPCResponse(answer) || answer.id === undefined) return;
    const [first, ...others] = this.#open.get(answer.id) ?? [];
    if (others.length > 0) this.#open.set(answer.id, others);
    else this.#open.delete(answer.id);
    const entry = await first;
    if (entry?.isAdmitted) endAnswered(entry, isJSONRPCErrorResponse(answer) ? answer.error : undefined);
  }
}

function contextOf(message: { readonly params?: unknown }) {
  return { era: isOfToday(message) ? ('modern' as const) : ('legacy' as const) };
}
