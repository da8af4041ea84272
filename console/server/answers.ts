import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import type { Problem } from '../shared/messages.ts';
import { SAFE } from './policy.ts';

const compressBrotli = promisify(brotliCompress);
const compressGzip = promisify(gzip);

/** Smaller answers are not compressed. */
const SMALL_BYTES = 1000;
/** Brotli's quality for what is compressed once per start, and for what is compressed at each request. */
const QUALITY = { once: 9, eachTime: 4 };

/** A body in every form in which browsers take it. */
export interface Compressed {
  readonly plain: Uint8Array<ArrayBuffer>;
  readonly br: Uint8Array<ArrayBuffer>;
  readonly gzip: Uint8Array<ArrayBuffer>;
}

export async function compressedOnce(text: string): Promise<Compressed> {
  const plain = new Uint8Array(Buffer.from(text));
  const [br, zipped] = await Promise.all([brotli(plain, QUALITY.once), compressGzip(plain)]);
  return { plain, br: new Uint8Array(br), gzip: new Uint8Array(zipped) };
}

/** The coding that the client takes, the best first. */
export function codingFor(request: Request): 'br' | 'gzip' | undefined {
  const takes = request.headers.get('accept-encoding') ?? '';
  return /\bbr\b/.test(takes) ? 'br' : /\bgzip\b/.test(takes) ? 'gzip' : undefined;
}

interface Answer {
  readonly type: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer with a text that is made for this request. */
export async function textAnswer(request: Request, text: string, about: Answer): Promise<Response> {
  const { type, status = 200, headers = SAFE } = about;
  const plain = Buffer.from(text);
  const coding = plain.length < SMALL_BYTES ? undefined : codingFor(request);
  const bytes = coding === 'br' ? await brotli(plain, QUALITY.eachTime) : coding ? await compressGzip(plain) : plain;
  return new Response(new Uint8Array(bytes), {
    status,
    headers: {
      ...headers,
      'Content-Type': type,
      'Cache-Control': 'no-store',
      Vary: 'Accept-Encoding',
      ...(coding && { 'Content-Encoding': coding }),
      'Content-Length': String(bytes.length),
    },
  });
}

export function jsonAnswer(request: Request, value: unknown, status = 200): Promise<Response> {
  return textAnswer(request, JSON.stringify(value), { type: 'application/json', status });
}

/** Refuses a request. */
export function refused(request: Request, status: number, problem: Problem): Promise<Response> {
  return jsonAnswer(request, { error: problem }, status);
}

function brotli(bytes: Uint8Array, quality: number): Promise<Buffer> {
  return compressBrotli(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } });
}
