const NEWLINE = 0x0a;
/** Of a line that is too long, only these last bytes are kept. */
const KEPT_OF_LONG = 200;

/** A line that was not kept, because it was too long. */
export interface TooLong {
  readonly bytes: number;
  /** The last characters of the line. */
  readonly end: string;
}

/** Cuts the chunks of a stream into lines. A line above `maxBytes` takes no more memory than the limit and its last chunk. */
export class LineCollector {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that end in `chunk`. */
  *linesOf(chunk: Buffer): Generator<string | TooLong> {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, at));
      yield this.#take();
      from = at + 1;
    }
    this.#add(chunk.subarray(from));
  }

  #add(part: Buffer): void {
    this.#bytes += part.length;
    this.#parts.push(part);
    if (this.#bytes > this.#maxBytes) this.#parts = [Buffer.from(Buffer.concat(this.#parts).subarray(-KEPT_OF_LONG))];
  }

  #take(): string | TooLong {
    const [text, bytes] = [Buffer.concat(this.#parts).toString(), this.#bytes];
    this.#parts = [];
    this.#bytes = 0;
    return bytes > this.#maxBytes ? { bytes, end: text } : text;
  }
}

/** The id of a request, read from the end of its line, where most clients write it. Null if it is not there. */
export function idAtEnd(end: string): string | number | null {
  const [, id] = /"id"\s*:\s*("(?:[^"\\]|\\.)*"|-?\d{1,15})\s*\}\s*$/.exec(end) ?? [];
  return id === undefined ? null : JSON.parse(id);
}
