import { type Child, type ChildSpec, startChild } from '../support/children.ts';
import {
  cancellationOf,
  type Era,
  greetingOf,
  INITIALIZED,
  listingOf,
  type McpConnection,
  type Message,
  parseMessage,
  requestOf,
  resultOf,
  toolAnswerOf,
} from './connection.ts';

export interface StdioConnection extends McpConnection {
  readonly child: Child;
  /** Closes the server's stdin, as a client does when it disconnects. Resolves when the server's process has ended. */
  hangUp(): Promise<void>;
}

/** A program to start. */
export type Program = Omit<ChildSpec, 'isSpokenTo'>;

interface Waiting {
  resolve(answer: { message: Message; bytes: number }): void;
  reject(error: Error): void;
}

/** Starts a server. Resolves when the server has answered the first request of this era. */
export async function openStdio(program: Program, era: Era): Promise<StdioConnection> {
  const child = startChild({ ...program, isSpokenTo: true });
  const waiting = new Map<number, Waiting>();
  const ended = new Promise<void>((resolve) => child.process.once('exit', () => resolve()));
  ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${program.command} has ended`));
  });
  child.process.stdin?.on('error', () => {}); // happens when the server has ended; `ended` above then rejects the open requests
  readLines(child, (line) => {
    const message = parseMessage(line);
    const { id } = message;
    if (id === undefined) return;
    waiting.get(id)?.resolve({ message, bytes: Buffer.byteLength(line) });
    waiting.delete(id);
  });
  const write = (text: string) => void child.process.stdin?.write(`${text}\n`);

  let last = 0;
  const request = (method: string, params: object, signal?: AbortSignal) => {
    const id = ++last;
    const answer = Promise.withResolvers<{ message: Message; bytes: number }>();
    waiting.set(id, answer);
    write(requestOf(era, id, method, params));
    signal?.addEventListener('abort', () => {
      write(cancellationOf(id));
      waiting.delete(id);
      answer.reject(new Error(`${method} was cancelled`));
    });
    return answer.promise;
  };

  try {
    const { method, params } = greetingOf(era);
    resultOf(method, (await request(method, params)).message);
    if (era === '2025-11-25') write(INITIALIZED);
  } catch (error) {
    await child.stop();
    child.check();
    throw error;
  }
  return {
    era,
    child,
    pid: child.pid,
    async call(name, args, { signal } = {}) {
      const { message, bytes } = await request('tools/call', { name, arguments: args }, signal);
      return toolAnswerOf(name, resultOf(name, message), bytes);
    },
    list: async () => listingOf(resultOf('tools/list', (await request('tools/list', {})).message)),
    async hangUp() {
      child.process.stdin?.end();
      await ended;
    },
  };
}

/** Joins chunks into lines, because most answers arrive in several chunks. */
function readLines({ process: { stdout } }: Child, onLine: (line: string) => void): void {
  let pieces: string[] = [];
  stdout?.setEncoding('utf8');
  stdout?.on('data', (chunk: string) => {
    const [first = '', ...others] = chunk.split('\n');
    pieces.push(first);
    for (const next of others) {
      const line = pieces.join('');
      pieces = [next];
      if (line !== '') onLine(line);
    }
  });
}
