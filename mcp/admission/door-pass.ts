import type { AuthInfo, RequestId, ServerContext } from '@modelcontextprotocol/server';
import type { Admitted, Refused } from './admit.ts';

/** What the door of the HTTP server decided about the requests of one body, by their ids. */
export type DoorPass = ReadonlyMap<RequestId, Admitted | Refused>;

const NOBODY: AuthInfo = { token: '', clientId: '', scopes: [] };

/** `authInfo` with the pass. In this form the SDK hands the pass on to the handlers, without reading it. */
export function passWith(authInfo: AuthInfo = NOBODY, pass: DoorPass): AuthInfo {
  return { ...authInfo, extra: { ...authInfo.extra, pass } };
}

/** What the door decided about a request. Undefined if the request came through no door, as over stdio. */
export function passOf(authInfo: AuthInfo | undefined, id: RequestId): Admitted | Refused | undefined {
  const pass = authInfo?.extra?.pass as DoorPass | undefined; // only `passWith` writes this field
  return pass?.get(id);
}

/** What the door decided about the request of a handler. */
export function enteredAtDoor({ http, mcpReq }: ServerContext): Admitted | Refused | undefined {
  return passOf(http?.authInfo, mcpReq.id);
}
