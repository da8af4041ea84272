import { expect, test } from 'vitest';
import { type Caller, callerOf } from '../../mcp/admission/permissions.ts';
import { authInfoOfCaller } from '../../mcp/engine/connection.ts';
import { Sessions } from '../../mcp/transports/sessions.ts';
import { frontOf } from '../support/mcp-front.ts';

const MOST = 1000;

test('a caller who opens too many sessions loses its own, and not those of another caller', async () => {
  const { build } = frontOf([]);
  const sessions = new Sessions({ build: (context) => build(context), maxRequestBodySize: 1024, onerror: () => {} });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const send = (caller: Caller, body: object, sessionId?: string) =>
    sessions.fetch(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: { ...headers, ...(sessionId !== undefined && { 'mcp-session-id': sessionId }) },
      }),
      { authInfo: authInfoOfCaller(caller), parsedBody: { jsonrpc: '2.0', id: 1, ...body } },
    );
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '0' } };
  const open = async (caller: Caller) => {
    const response = await send(caller, { method: 'initialize', params });
    await response.body?.cancel();
    return response.headers.get('mcp-session-id') ?? '';
  };
  const statusOf = async (caller: Caller, sessionId: string) => {
    const response = await send(caller, { method: 'ping' }, sessionId);
    await response.body?.cancel();
    return response.status;
  };
  const [ann, ben] = [callerOf('viewer', 'ann'), callerOf('viewer', 'ben')];
  const first = await open(ann); // the least recently used of all
  const many: string[] = [];
  for (let opened = 0; opened < MOST + 2; opened++) many.push(await open(ben));
  expect(await statusOf(ann, first)).toBe(200);
  expect(await Promise.all(many.slice(0, 4).map((id) => statusOf(ben, id)))).toEqual([404, 404, 404, 200]);
  await sessions.close();
});
