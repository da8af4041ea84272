import { connect, type Socket } from 'node:net';

const HEADERS = [
  'Content-Type: application/json',
  'Accept: application/json, text/event-stream',
  'MCP-Protocol-Version: 2025-11-25',
];

/** A connection on which a test writes any bytes. */
export interface RawSocket {
  readonly socket: Socket;
  /** Everything that the server has sent. */
  text(): string;
  /** Resolves when the server has closed the connection. */
  readonly closed: Promise<void>;
}

/** Opens a connection to the server at `url` and writes `bytes`. */
export async function openSocket(url: string, bytes = ''): Promise<RawSocket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.on('error', () => {}); // the server may reset the connection
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await new Promise<void>((resolve) => socket.once('connect', resolve).once('close', resolve));
  socket.write(bytes);
  return { socket, text: () => received, closed };
}

/** Sends bytes and returns everything that the server answers until it closes the connection. */
export async function exchange(url: string, bytes: string): Promise<string> {
  const { text, closed } = await openSocket(url, bytes);
  await closed;
  return text();
}

/** A POST of a JSON-RPC message, byte by byte as it is sent. `lines` are its first headers. */
export function post(body: string, lines: readonly string[] = ['Host: localhost'], target = '/mcp'): string {
  const headers = [...lines, ...HEADERS, `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  return `POST ${target} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** The beginning of a POST, of whose body only a part is sent. */
export function unfinishedPost(bytes: number, sent: string): string {
  return `POST /mcp HTTP/1.1\r\n${['Host: localhost', ...HEADERS, `Content-Length: ${bytes}`].join('\r\n')}\r\n\r\n${sent}`;
}
