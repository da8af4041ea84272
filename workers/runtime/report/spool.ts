import { randomUUID } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { TaskResult } from '../../../core/conductor/types.ts';
import { messageOf } from '../../../core/errors.ts';
import { makeFolder } from '../../../core/files/make-folder.ts';
import type { Logger } from '../../../core/log.ts';
import { startOf } from '../../../core/processes.ts';

/**
 * Keeps undelivered results on disk until the server has them.
 *
 * Each spool has one file, named after its process. The file gets a line for each result, and another line when the result has been
 * delivered. The file is emptied once it holds no undelivered result.
 *
 * Invariants:
 * 1. `append` resolves with true only when the line is on the disk (`fdatasync`): neither kill -9 nor a power failure loses it.
 * 2. A torn or damaged line loses only its own result; all readable lines are kept.
 * 3. Two spools never own one file, not even two of one process. To take over the file of an ended process or of a closed spool, a spool
 *    renames it, which succeeds only once. Even if a result is delivered twice, this does no harm, because the server ignores the second.
 * 4. The file does not grow past its limit: `append` returns false instead.
 */
export class Spool {
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #log: Logger;
  readonly #undelivered = new Set<string>();
  #name = '';
  #file: FileHandle | undefined;
  #bytes = 0;
  #taken = 0;
  #isTorn = false;
  /** The last operation on the file; the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor({ folder, maxBytes, log }: SpoolOptions) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#log = log;
  }

  /**
   * Creates the folder and takes over the files of processes that have ended.
   * @returns the spool, and the results to deliver, which its own file already holds
   * @throws if the folder cannot be used
   */
  static async open(options: SpoolOptions): Promise<OpenSpool> {
    const spool = new Spool(options);
    makeFolder(options.folder);
    spool.#name = await ownName();
    const left = await spool.adopt();
    return { spool, left };
  }

  /** Takes over the files of ended processes and closed spools of this machine. Returns their results, which are then in this spool. */
  async adopt(): Promise<TaskResult[]> {
    const left: TaskResult[] = [];
    for (const name of await readdir(this.#folder)) {
      if (!(await isOrphan(name, this.#name))) continue;
      for (const result of await this.#takeOver(name)) left.push(result);
    }
    return left;
  }

  /** Writes a result to disk. Returns false if the file is full or cannot be written. */
  append(result: TaskResult): Promise<boolean> {
    return this.#inOrder(async () => {
      const line = `${this.#isTorn ? '\n' : ''}${JSON.stringify({ result })}\n`;
      const bytes = Buffer.byteLength(line);
      if (this.#bytes + bytes > this.#maxBytes) return false;
      try {
        this.#file ??= await open(join(this.#folder, this.#name), 'a');
        await this.#file.appendFile(line);
        await this.#file.datasync();
        this.#isTorn = false;
      } catch (error) {
        this.#isTorn = true; // part of the line may be in the file; the next line must not be appended to it
        this.#log.error({ reason: messageOf(error), folder: this.#folder }, 'a result could not be written to disk');
        return false;
      }
      this.#bytes += bytes;
      this.#undelivered.add(result.taskId);
      return true;
    });
  }

  /** Marks a result as delivered, or as finally refused. */
  delivered(taskId: string): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#undelivered.delete(taskId) || !this.#file) return;
      try {
        if (this.#undelivered.size === 0) {
          await this.#file.truncate(0);
          this.#bytes = 0;
          return;
        }
        const line = `${JSON.stringify({ delivered: taskId })}\n`;
        await this.#file.appendFile(line); // not synced: if the line is lost, the result is delivered once more
        this.#bytes += Buffer.byteLength(line);
      } catch (error) {
        this.#log.warn({ reason: messageOf(error) }, 'a delivered result stays on disk and will be delivered again');
      }
    });
  }

  /** Closes the file. Removes it if it holds no undelivered result. Otherwise any other spool may take it over, also one of this process. */
  close(): Promise<void> {
    return this.#inOrder(async () => {
      if (!this.#file) return;
      const path = join(this.#folder, this.#name);
      try {
        await this.#file.close();
        if (this.#undelivered.size === 0) await rm(path, { force: true });
        else await rename(path, join(this.#folder, closedName()));
      } catch (error) {
        // The stop of the workers must not fail. Another process takes the file over when this process has ended.
        this.#log.warn({ reason: messageOf(error), folder: this.#folder }, 'the spool could not be closed');
      }
      this.#file = undefined;
    });
  }

  async #takeOver(name: string): Promise<TaskResult[]> {
    const mine = join(this.#folder, this.#name.replace(EXTENSION, `~${++this.#taken}${EXTENSION}`));
    try {
      await rename(join(this.#folder, name), mine);
    } catch {
      return []; // another process took it over
    }
    const results = resultsIn(await readFile(mine, 'utf8'));
    const kept = await Promise.all(results.map((result) => this.append(result)));
    if (kept.every(Boolean)) await rm(mine, { force: true });
    if (results.length > 0)
      this.#log.info({ results: results.length, from: name }, 'delivering results of an earlier process');
    return results;
  }

  #inOrder<T>(step: () => Promise<T>): Promise<T> {
    const next = this.#last.then(step);
    this.#last = next.catch(() => undefined);
    return next;
  }
}

export interface OpenSpool {
  spool: Spool;
  /** Results that earlier processes could not deliver. */
  left: TaskResult[];
}

export interface SpoolOptions {
  folder: string;
  maxBytes: number;
  log: Logger;
}

const taskResult = z.looseObject({
  workflowInstanceId: z.string(),
  taskId: z.string(),
  status: z.enum(['COMPLETED', 'FAILED', 'FAILED_WITH_TERMINAL_ERROR', 'IN_PROGRESS']),
});
const line = z.union([z.object({ result: taskResult }), z.object({ delivered: z.string() })]);

/** The undelivered results in a spool file, in the order in which they were written. */
export function resultsIn(text: string): TaskResult[] {
  const left = new Map<string, TaskResult>();
  for (const written of text.split('\n')) {
    const parsed = line.safeParse(parseJson(written));
    if (!parsed.success) continue;
    if ('delivered' in parsed.data) left.delete(parsed.data.delivered);
    else left.set(parsed.data.result.taskId, parsed.data.result as TaskResult); // only this class writes these files
  }
  return [...left.values()];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const EXTENSION = '.jsonl';

/** Returns `host~pid~start~spool.jsonl`. The start is needed, because the system may give the same process id to a later process. */
async function ownName(): Promise<string> {
  return `${hostname()}~${process.pid}~${await startMark(process.pid)}~${randomUUID().slice(0, 8)}${EXTENSION}`;
}

/** A name that no running process owns, because no process starts at this mark. */
function closedName(): string {
  return `${hostname()}~${process.pid}~closed~${randomUUID().slice(0, 8)}${EXTENSION}`;
}

/** True if a file belongs to an ended process or a closed spool of this machine. The name of a file that was taken over ends with a number. */
async function isOrphan(name: string, own: string): Promise<boolean> {
  const [host, pid, start] = name.replace(EXTENSION, '').split('~');
  if (!name.endsWith(EXTENSION) || host !== hostname() || start === undefined) return false;
  if (own.startsWith([host, pid, start].join('~'))) return false;
  return (await startMark(Number(pid))) !== start;
}

async function startMark(pid: number): Promise<string> {
  return ((await startOf(pid)) ?? 'gone').replace(/\W+/g, '-');
}
