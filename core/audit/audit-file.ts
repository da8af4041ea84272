import { closeSync, fdatasync, fstatSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import { chained } from './lines.ts';
import type { FileEnd } from './opening-line.ts';
import type { Line, LineOf } from './parse-line.ts';

const datasync = promisify(fdatasync);

/** An open file of the audit log. Each line is written at once, by one call of the operating system, and is never half-written. */
export class AuditFile {
  readonly #path: string;
  readonly #fd: number;
  #bytes = 0;
  #hash = '';

  /** Creates the file. @throws the error of a file that cannot be created or written; no file is left then */
  constructor(path: string, opening: LineOf<'open'>) {
    this.#path = path;
    this.#fd = openSync(path, 'ax', 0o600);
    try {
      this.append(opening);
    } catch (error) {
      closeSync(this.#fd);
      rmSync(path, { force: true });
      throw error;
    }
  }

  get bytes(): number {
    return this.#bytes;
  }

  get end(): FileEnd {
    return { file: basename(this.#path), bytes: this.#bytes, hash: this.#hash };
  }

  /** @throws the error of the write. The file is then as it was before. */
  append(content: Line): void {
    const { text, hash } = chained(content, this.#hash);
    const line = Buffer.from(`${text}\n`);
    try {
      const written = writeSync(this.#fd, line);
      if (written < line.length) throw Object.assign(new Error('no space left on the disk'), { code: 'ENOSPC' });
    } catch (error) {
      ftruncateSync(this.#fd, this.#bytes);
      throw error;
    }
    this.#bytes += line.length;
    this.#hash = hash;
  }

  /** Waits until the disk has every line. */
  sync(): Promise<void> {
    return datasync(this.#fd);
  }

  /** False if another program has removed or replaced the file. */
  isInPlace(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.ino === fstatSync(this.#fd).ino;
  }

  /** Ends the file with its closing line. @throws the error of the write; the file is closed nevertheless */
  close(at: string): void {
    try {
      this.append({ kind: 'close', at });
    } finally {
      closeSync(this.#fd);
    }
  }
}
