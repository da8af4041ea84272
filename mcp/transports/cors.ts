/** Headers that a script may send, and headers that it may read. */
const SENT =
  'Content-Type, Accept, Authorization, MCP-Protocol-Version, Mcp-Session-Id, Mcp-Method, Mcp-Name, Last-Event-ID, X-MCP-Toolsets, X-MCP-Tools';
const READ = 'Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, Retry-After';
const PREFLIGHT_SECONDS = '600';

/**
 * Lets scripts of the request's Origin call and read the answer. `hostCheck` has allowed that Origin before. A browser first asks by a
 * preflight whether it may call; `answer` is not called for one.
 */
export async function allowScripts(request: Request, answer: () => Promise<Response>): Promise<Response> {
  const origin = request.headers.get('origin');
  if (origin === null) return answer();
  const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
  const response = isPreflight ? preflightAnswer() : await answer();
  response.headers.set('Access-Control-Allow-Origin', origin);
  response.headers.set('Access-Control-Expose-Headers', READ);
  response.headers.append('Vary', 'Origin');
  return response;
}

function preflightAnswer(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'Access-Control-Allow-Methods': 'GET, POST, DELETE',
      'Access-Control-Allow-Headers': SENT,
      'Access-Control-Max-Age': PREFLIGHT_SECONDS,
    },
  });
}
