import { randomUUID } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { FleetError, messageOf } from '../errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { named } from '../settings/named.ts';
import { AuditFile } from './audit-file.ts';
import { DAY_MS, fileName, removeOldFiles, unnamedEnds } from './folder.ts';
import { shortageOf } from './free-space.ts';
import type { FileEnd } from './opening-line.ts';
import type { Line, LineOf } from './parse-line.ts';

const MAX_FILE_BYTES = 64 * 1_048_576;
const CHECK_EVERY_MS = 2000;
const WAY_OUT = `The person who runs this MCP server can free space on this disk, or name a folder on another disk with ${named('mcpAuditDir')}.`;

export interface AuditLogOptions {
  readonly folder: string;
  readonly keptDays: number;
  /** A file that is larger gets no further line. Default: 64 MB. */
  readonly maxFileBytes?: number;
  /** Milliseconds since 1970. Default: the clock of the system. */
  readonly clock?: () => number;
}

/**
 * The audit log of one process. Several processes can use one folder, because each writes files of its own.
 *
 * 1. When `write` returns, the operating system has the whole line: `kill -9` does not lose it. A power failure can.
 * 2. A line is whole or absent. Only a process that is killed while it writes leaves a part of a line, at the end of its file.
 * 3. Each line is chained to the line before. The first line of a file names the end of this log's previous file, and the ends of other
 *    files that no file has named yet. So files cannot be removed or cut off without a trace, except at the very end.
 * 4. All lines of a file were written on the day that its name says, in UTC. Only its closing line can be later.
 */
export class AuditLog {
  readonly #folder: string;
  readonly #keptDays: number;
  readonly #maxFileBytes: number;
  readonly #clock: () => number;
  readonly #id = randomUUID().slice(0, 8);
  #file: AuditFile | undefined;
  #previous: FileEnd | undefined;
  #files = 0;
  /** The day of the open file, counted from 1970. */
  #day = 0;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #shortage: string | undefined;
  /** Lines about changes that are done. They could not be written yet. */
  readonly #owed: Line[] = [];
  #lost = 0;

  constructor({ folder, keptDays, maxFileBytes = MAX_FILE_BYTES, clock = Date.now }: AuditLogOptions) {
    this.#folder = folder;
    this.#keptDays = keptDays;
    this.#maxFileBytes = maxFileBytes;
    this.#clock = clock;
  }

  /** Creates the folder. @throws FleetError `environment` if the log cannot be written there */
  prepare(): void {
    try {
      makeFolder(this.#folder, 0o700);
      accessSync(this.#folder, constants.W_OK);
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
  }

  /** The present time, as lines contain it. */
  get time(): string {
    return new Date(this.#clock()).toISOString();
  }

  /** Writes a line. @throws FleetError `environment` if that is not possible. Nothing of the line is then in the file. */
  write(line: Line): void {
    try {
      const file = this.#fileForNow();
      this.#writeOwed(file);
      file.append(line);
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
  }

  /** Writes a line about a change that is done. If that is not possible now, the line is written before the next one. */
  writeLater(line: Line): void {
    this.#owed.push(line);
    try {
      this.#writeOwed(this.#fileForNow());
    } catch {
      // The next line tries again.
    }
  }

  /** Notes that a request could not be recorded. The log gets a line about it as soon as it can be written. */
  lose(): void {
    this.#lost += 1;
  }

  /** @throws FleetError `environment` if the disk is almost full, so that the log soon cannot be written */
  requireSpace(): void {
    try {
      this.#check();
    } catch (cause) {
      throw this.#cannotWrite(cause);
    }
    if (this.#shortage === undefined) return;
    throw new FleetError(
      'environment',
      `${this.#shortage}, so this MCP server only answers requests that change nothing.`,
      {
        retryable: true,
        remedy: `${WAY_OUT} Then send the same call again.`,
      },
    );
  }

  /** Waits until the disk has every line: not even a power failure then loses one. */
  async sync(): Promise<void> {
    await this.#file?.sync();
  }

  /** Ends the file. A later line begins a new one. */
  close(): void {
    try {
      if (this.#owed.length > 0 || this.#lost > 0) this.#writeOwed(this.#fileForNow());
      this.#endFile();
    } catch {
      // The file ends without a closing line, as after `kill -9`.
      this.#file = undefined;
    }
  }

  #cannotWrite(cause: unknown): FleetError {
    return new FleetError('environment', `The audit log in ${this.#folder} cannot be written: ${messageOf(cause)}.`, {
      retryable: true,
      remedy: `No request is answered until it can be recorded. ${WAY_OUT}`,
      cause,
    });
  }

  #writeOwed(file: AuditFile): void {
    for (let next = this.#owed[0]; next; next = this.#owed[0]) {
      file.append(next);
      this.#owed.shift();
    }
    if (this.#lost === 0) return;
    file.append({ kind: 'lost', at: this.time, requests: this.#lost });
    this.#lost = 0;
  }

  #fileForNow(): AuditFile {
    this.#check();
    const file = this.#file;
    if (!file) return this.#open();
    if (Math.floor(this.#clock() / DAY_MS) === this.#day && file.bytes < this.#maxFileBytes) return file;
    this.#endFile();
    return this.#open();
  }

  #endFile(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close(this.time);
    } finally {
      if (file) this.#previous = file.end;
    }
  }

  /** Looks at the disk at most every two seconds. */
  #check(): void {
    const now = this.#clock();
    if (Math.abs(now - this.#checkedAt) < CHECK_EVERY_MS) return;
    this.#checkedAt = now;
    makeFolder(this.#folder, 0o700);
    this.#shortage = shortageOf(this.#folder);
    if (this.#file && !this.#file.isInPlace()) this.#endFile();
  }

  #open(): AuditFile {
    const at = this.#clock();
    makeFolder(this.#folder, 0o700);
    const time = new Date(at).toISOString();
    const today = time.slice(0, 10);
    removeOldFiles(this.#folder, today, this.#keptDays);
    const host = hostname();
    const file = fileName({ at, host, pid: process.pid, log: this.#id, n: this.#files + 1 });
    const opening: LineOf<'open'> = {
      ...{ kind: 'open', at: time, format: 1, file, host, pid: process.pid },
      processStart: new Date(Math.round(performance.timeOrigin)).toISOString(),
      ...(this.#previous && { previous: this.#previous }),
      seen: unnamedEnds(this.#folder).filter((end) => end.file !== this.#previous?.file),
      keptDays: this.#keptDays,
    };
    this.#file = new AuditFile(join(this.#folder, file), opening);
    this.#files += 1;
    this.#day = Math.floor(at / DAY_MS);
    return this.#file;
  }
}
