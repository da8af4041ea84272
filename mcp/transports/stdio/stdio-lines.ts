import { PassThrough, type Readable } from 'node:stream';
import { type JSONRPCErrorResponse, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { isObject, isTooDeep } from '../../../core/json.ts';
import { checkParams } from '../check-params.ts';
import { TOO_DEEP } from '../request-body.ts';
import { idAtEnd, LineCollector, type TooLong } from './line-collector.ts';

/*
 * The lines that a client sends over stdio. The SDK drops a line that it cannot read, and the client then waits for its answer without end.
 * So each line is checked first:
 * 1. A line that is not JSON, or a request whose id the protocol does not allow, is answered with an error.
 * 2. A line above the limit is not kept. It is answered with an error, and the next line is read.
 * 3. A batch (a revision of 2025 has them) becomes single messages. Their answers are sent together when the last one is there.
 */

/** What becomes of the checked messages. */
export interface LineHandlers {
  /** Writes an answer to the client, as a line. */
  send(answer: unknown): void;
  /** Called with each message before the SDK gets it. */
  passed?(message: unknown): void;
  /** Called with each request whose parameters are wrong. */
  refused?(message: unknown, refusal: JSONRPCErrorResponse): void;
}

type Id = string | number;

/** Turns lines into lines that the SDK can read, and answers together into batches. */
export class StdioLines {
  readonly #handlers: LineHandlers;
  readonly #maxBytes: number;
  readonly #batches = new Set<{ readonly open: Set<Id>; readonly answers: unknown[] }>();

  /** @param maxBytes of one line */
  constructor(handlers: LineHandlers, maxBytes: number) {
    this.#handlers = handlers;
    this.#maxBytes = maxBytes;
  }

  /** The checked lines of `input`. They end when `input` ends. */
  from(input: Readable): Readable {
    const output = new PassThrough();
    const collector = new LineCollector(this.#maxBytes);
    input.on('data', (chunk: Buffer) => {
      for (const line of collector.linesOf(chunk)) {
        const passed = typeof line === 'string' ? this.#check(line) : this.#refuseLong(line);
        for (const checked of passed) output.write(`${checked}\n`);
      }
    });
    input.once('end', () => output.end());
    input.once('error', (error) => output.destroy(error));
    return output;
  }

  /** Returns true if the answer belongs to a batch. It is then sent with the others. */
  takes(answer: unknown): boolean {
    const id = isObject(answer) && !('method' in answer) ? answer.id : undefined;
    for (const batch of this.#batches) {
      if (!batch.open.delete(id as Id)) continue; // an id of another kind is in no batch
      batch.answers.push(answer);
      this.#sendIfWhole(batch);
      return true;
    }
    return false;
  }

  #refuseLong({ bytes, end }: TooLong): [] {
    const text = `The line has ${Math.ceil(bytes / 1024)} KB, but a request has at most ${this.#maxBytes / 1024} KB (MCP_MAX_BODY_KB). Nothing was executed.`;
    this.#handlers.send(errorOf(ProtocolErrorCode.InvalidRequest, text, idAtEnd(end)));
    return [];
  }

  #check(line: string): string[] {
    if (line.trim() === '') return [];
    let message: unknown;
    try {
      message = JSON.parse(line);
    } catch {
      this.#refuse(ProtocolErrorCode.ParseError, 'The line is not JSON.', null);
      return [];
    }
    if (isTooDeep(line, message)) {
      this.#handlers.send(errorOf(ProtocolErrorCode.InvalidRequest, `Invalid Request: ${TOO_DEEP}`, idOf(message)));
      return [];
    }
    if (!Array.isArray(message)) {
      const { pass, answer } = this.#checkMessage(message);
      if (answer !== undefined) this.#handlers.send(answer);
      return pass === undefined ? [] : [pass === message ? line : JSON.stringify(pass)];
    }
    if (message.length === 0) this.#refuse(ProtocolErrorCode.InvalidRequest, 'The batch is empty.', null);
    return this.#checkBatch(message);
  }

  #checkBatch(messages: readonly unknown[]): string[] {
    const all = messages.map((message) => this.#checkMessage(message));
    const passed = all.flatMap(({ pass }) => (pass === undefined ? [] : [pass]));
    const answers = all.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
    const ids = passed.flatMap((one) => (isObject(one) && 'method' in one && 'id' in one ? [one.id as Id] : []));
    const batch = { open: new Set(ids), answers };
    this.#batches.add(batch);
    this.#sendIfWhole(batch);
    return passed.map((one) => JSON.stringify(one));
  }

  #checkMessage(message: unknown): { pass?: unknown; answer?: unknown } {
    const result = checked(message);
    if (result.pass !== undefined) this.#handlers.passed?.(result.pass);
    if (result.refusal) this.#handlers.refused?.(message, result.refusal);
    return { pass: result.pass, answer: result.answer ?? result.refusal };
  }

  #sendIfWhole(batch: { readonly open: Set<Id>; readonly answers: unknown[] }): void {
    if (batch.open.size > 0) return;
    this.#batches.delete(batch);
    if (batch.answers.length > 0) this.#handlers.send(batch.answers);
  }

  #refuse(code: number, text: string, id: null): void {
    this.#handlers.send(errorOf(code, text, id));
  }
}

function checked(message: unknown): { pass?: unknown; answer?: unknown; refusal?: JSONRPCErrorResponse } {
  if (!isObject(message) || message.jsonrpc !== '2.0') {
    const text = 'The message is not a JSON-RPC 2.0 object.';
    return { answer: errorOf(ProtocolErrorCode.InvalidRequest, text, null) };
  }
  const { id } = message;
  const isRight = typeof id === 'string' || Number.isSafeInteger(id);
  if ('id' in message && !isRight && 'method' in message) {
    const text = 'The id of a request must be a text or a whole number below 2^53.';
    return { answer: errorOf(ProtocolErrorCode.InvalidRequest, text, typeof id === 'number' ? id : null) };
  }
  if (!('method' in message) && !('result' in message) && !('error' in message)) {
    const text = 'The message has no method.';
    return { answer: errorOf(ProtocolErrorCode.InvalidRequest, text, isRight ? (id as Id) : null) };
  }
  const result = checkParams(message);
  return 'refusal' in result ? { refusal: result.refusal } : { pass: result.message };
}

function idOf(message: unknown): Id | null {
  const { id } = isObject(message) ? message : {};
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}

function errorOf(code: number, message: string, id: Id | null) {
  return { jsonrpc: '2.0', id, error: { code, message } };
}
