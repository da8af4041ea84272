import { changeOf } from './folder.ts';
import { claimedHash, isChained, mayBeTorn } from './lines.ts';
import type { FileEnd } from './opening-line.ts';
import { parseLine } from './parse-line.ts';
import type { FileLine } from './read-file.ts';

/** A difference between the files and what was written. */
export interface Problem {
  readonly file: string;
  readonly line?: number;
  readonly what: string;
}

/** An end of a file that something else remembers. */
export interface Remembered extends FileEnd {
  readonly by: string;
}

/** Checks the lines of one file, one after the other. */
export class CheckedFile {
  readonly file: string;
  readonly problems: Problem[] = [];
  /** The place after the last whole line, and its hash. */
  bytes = 0;
  hash = '';
  lines = 0;
  requests = 0;
  lost = 0;
  torn: number | undefined;
  isClosed = false;
  /** The changes that were recorded before they were carried out, and those with an outcome. */
  readonly begun: string[] = [];
  readonly ended: string[] = [];
  readonly #remembered: Map<number, Remembered>;

  constructor(file: string, remembered: readonly Remembered[]) {
    this.file = file;
    this.#remembered = new Map(remembered.map((end) => [end.bytes, end]));
  }

  add(line: FileLine): void {
    const { number, text, end, isWhole } = line;
    if (this.isClosed) this.#report(number, 'The line follows the closing line of the file, so it was added later.');
    if (!isWhole) {
      this.#addRest(line);
      return;
    }
    if (isChained(text, this.hash)) this.#read(line);
    else this.#report(number, 'The line was changed, or a line before it was removed or added.');
    this.lines = number;
    this.bytes = end;
    this.hash = claimedHash(text) ?? this.hash;
    const seen = this.#remembered.get(end);
    if (!seen) return;
    this.#remembered.delete(end);
    if (seen.hash !== this.hash) this.#report(number, `This line was changed after ${seen.by} saw it.`);
  }

  finish(): void {
    for (const { bytes, by } of this.#remembered.values()) {
      const isShort = bytes > this.bytes;
      const what = isShort
        ? `Lines are missing at the end: the whole lines have ${this.bytes} bytes, and ${by} has seen ${bytes}.`
        : `The lines are not those that were here before, as ${by} says.`;
      this.problems.push({ file: this.file, line: this.lines, what });
    }
  }

  #addRest({ number, text }: FileLine): void {
    if (mayBeTorn(text, this.hash)) this.torn = number;
    else this.#report(number, 'The end of the line was changed.');
  }

  #read({ number, text }: FileLine): void {
    let content: ReturnType<typeof parseLine>;
    try {
      content = parseLine(text.toString());
    } catch {
      this.#report(number, 'The line is not in the format of this version of fleet.');
      return;
    }
    if ((number === 1) !== (content.kind === 'open')) {
      this.#report(
        number,
        number === 1 ? 'The first lines are missing.' : 'The line is the first one of another file.',
      );
    }
    switch (content.kind) {
      case 'open':
        if (content.file !== this.file) this.#report(number, `The file was renamed. Its name was ${content.file}.`);
        break;
      case 'close':
        this.isClosed = true;
        break;
      case 'lost':
        this.lost += content.requests;
        break;
      case 'intent':
        this.begun.push(changeOf(this.file, content.n));
        this.requests += 1;
        break;
      case 'end':
        this.ended.push(changeOf(this.file, content.n));
        break;
      case 'request':
        this.requests += 1;
    }
  }

  #report(line: number, what: string): void {
    this.problems.push({ file: this.file, line, what });
  }
}
