import { Agent, request } from 'undici';

/** Raw HTTP over kept connections, as the lower bound. It reads each answer as text and does not parse it. */
export interface RawConductor {
  get(path: string): Promise<string>;
  post(path: string, body: object): Promise<string>;
  put(path: string, body: object): Promise<string>;
  delete(path: string, body?: object): Promise<string>;
  close(): Promise<void>;
}

const CONNECTIONS = 64;
const JSON_BODY = { 'content-type': 'application/json' };

export function rawConductor(url: string): RawConductor {
  const dispatcher = new Agent({ connections: CONNECTIONS });
  const send = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object): Promise<string> => {
    const sent = body ? { headers: JSON_BODY, body: JSON.stringify(body) } : {};
    const answer = await request(url + path, { dispatcher, method, ...sent });
    const text = await answer.body.text();
    if (answer.statusCode >= 300)
      throw new Error(`the server answered ${method} ${path} with ${answer.statusCode}: ${text}`);
    return text;
  };
  return {
    get: (path) => send('GET', path),
    post: (path, body) => send('POST', path, body),
    put: (path, body) => send('PUT', path, body),
    delete: (path, body) => send('DELETE', path, body),
    close: () => dispatcher.close(),
  };
}
