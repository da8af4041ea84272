import { createReadStream } from 'node:fs';
import { defineTask, z } from 'conductor-fleet';
import { fileUnder } from '../shared/file-under.ts';

const encoding = z.enum(['empty', 'ascii', 'utf-8', 'utf-16le', 'utf-16be', 'binary']);

export default defineTask({
  name: 'analyze_file',
  description:
    'Counts the lines, words and characters of a file and detects its encoding. The file is read as a stream, once.',
  input: z.object({ path: z.string().min(1) }),
  output: z.object({
    bytes: z.int(),
    lines: z.int(),
    /** Unicode code points; bytes if the file is binary. */
    characters: z.int(),
    words: z.int(),
    encoding,
  }),
  responseTimeoutSeconds: 600,
}).worker(async ({ path }, { settings, signal }) => {
  const source = await fileUnder(settings.filesRoot, path);
  const analysis = new Analysis();
  for await (const chunk of createReadStream(source, { signal })) analysis.add(chunk as Buffer);
  return analysis.result();
});

const NEWLINE = 0x0a;

/** Counts over the chunks of a file, and never holds the file itself. */
class Analysis {
  #bytes = 0;
  #characters = 0;
  #lines = 0;
  #words = 0;
  #inWord = false;
  #endsWithNewline = true;
  #onlyAscii = true;
  #decoder: TextDecoder | undefined;
  #encoding: z.output<typeof encoding> = 'empty';

  add(chunk: Buffer): void {
    if (this.#bytes === 0) this.#begin(chunk);
    this.#bytes += chunk.length;
    if (this.#encoding === 'binary') return;
    this.#decode(chunk);
  }

  result() {
    if (this.#encoding !== 'empty' && this.#encoding !== 'binary') this.#decode(undefined);
    if (this.#encoding === 'binary') {
      return { bytes: this.#bytes, lines: 0, characters: this.#bytes, words: 0, encoding: this.#encoding };
    }
    const encoding = this.#encoding === 'utf-8' && this.#onlyAscii ? 'ascii' : this.#encoding;
    const lines = this.#lines + (this.#endsWithNewline ? 0 : 1);
    return { bytes: this.#bytes, lines, characters: this.#characters, words: this.#words, encoding };
  }

  #begin(first: Buffer): void {
    this.#onlyAscii = !(first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf); // the decoder drops UTF-8's byte order mark, but a file with this mark is not ASCII
    if (first[0] === 0xff && first[1] === 0xfe) this.#encoding = 'utf-16le';
    else if (first[0] === 0xfe && first[1] === 0xff) this.#encoding = 'utf-16be';
    else this.#encoding = first.includes(0) ? 'binary' : 'utf-8';
    if (this.#encoding !== 'binary') this.#decoder = new TextDecoder(this.#encoding, { fatal: true });
  }

  /** An undefined chunk is the end of the file. A character that is cut off there makes the file binary. */
  #decode(chunk: Buffer | undefined): void {
    try {
      this.#count(this.#decoder?.decode(chunk, { stream: chunk !== undefined }) ?? '');
    } catch {
      this.#encoding = 'binary';
    }
  }

  /** A large file spends most of its time here, so the loop reads code units and creates no string per character. */
  #count(text: string): void {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) this.#onlyAscii = false;
      const isLowSurrogate = unit >= 0xdc00 && unit <= 0xdfff;
      if (!isLowSurrogate) this.#characters++;
      if (unit === NEWLINE) this.#lines++;
      const isSpace = unit <= 0x20 || unit === 0xa0 || unit === 0x2028 || unit === 0x2029 || unit === 0x3000;
      if (!isSpace && !this.#inWord) this.#words++;
      this.#inWord = !isSpace;
    }
    if (text.length > 0) this.#endsWithNewline = text.charCodeAt(text.length - 1) === NEWLINE;
  }
}
