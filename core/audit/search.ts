import { join } from 'node:path';
import { changeOf, dayOf } from './folder.ts';
import { type Ending, type LineOf, parseLine, type RequestFacts } from './parse-line.ts';
import { forEachLine } from './read-file.ts';
import { filesOf } from './verify.ts';

/** A request, as its lines record it. Without a decision, its outcome is not known. */
export interface FoundRequest extends RequestFacts, Partial<Ending> {}

/** Which requests to find. */
export interface AuditSearch {
  /** Only requests that arrived at this time or later, in milliseconds since 1970. */
  readonly since?: number;
  /** Name or id of the caller. */
  readonly caller?: string;
  /** The tool, resource or prompt, or the method. */
  readonly tool?: string;
  /** A decision, or `refused` for every one except `allowed`. */
  readonly decision?: string;
  readonly executionId?: string;
  readonly limit: number;
}

export interface SearchOptions {
  readonly signal?: AbortSignal;
  /** Called before each file. */
  readonly onFile?: (index: number, files: number) => void;
}

export interface SearchResult {
  /** The newest first. */
  readonly requests: readonly FoundRequest[];
  /** Lines that are torn or damaged. `verify` says where they are. */
  readonly unreadable: number;
}

/**
 * Searches the audit log from its last day to its first. It stops when it has found enough.
 * @throws FleetError `not-found` or `environment` if the folder or a file cannot be read
 */
export async function searchAudit(
  folder: string,
  search: AuditSearch,
  { signal, onFile }: SearchOptions = {},
): Promise<SearchResult> {
  const sinceDay = search.since === undefined ? '' : new Date(search.since).toISOString().slice(0, 10);
  const files = filesOf(folder).filter((file) => dayOf(file) >= sinceDay);
  const days = [...Map.groupBy(files, dayOf)].toReversed();
  const reader = new Reader(search);
  let index = 0;
  for (const [, ofDay] of days) {
    // A request that arrived shortly before midnight can be in a file of the next day. So its neighbours may be one day older.
    const hadEnough = reader.hasEnough();
    for (const file of ofDay.toReversed()) {
      onFile?.(index++, files.length);
      await forEachLine(join(folder, file), ({ text }) => reader.add(file, text), signal);
    }
    reader.endDay();
    if (hadEnough) break;
  }
  return reader.result();
}

class Reader {
  readonly #search: AuditSearch;
  #found: FoundRequest[] = [];
  /** Changes whose outcome is not read yet, or which have none. */
  readonly #begun = new Map<string, RequestFacts>();
  /** Outcomes whose change is in an older file. */
  readonly #ended = new Map<string, Ending>();
  #unreadable = 0;

  constructor(search: AuditSearch) {
    this.#search = search;
  }

  add(file: string, text: Buffer): void {
    let line: ReturnType<typeof parseLine>;
    try {
      line = parseLine(text.toString());
    } catch {
      this.#unreadable += 1;
      return;
    }
    if (line.kind === 'request') {
      const { kind: _, ...request } = line;
      this.#consider(request);
    }
    if (line.kind === 'intent') this.#addIntent(changeOf(file, line.n), line);
    if (line.kind === 'end') this.#addEnd(changeOf(file, line.n), line);
  }

  /** After the files of a day: a change without an outcome will not get one from an older file. */
  endDay(): void {
    for (const begun of this.#begun.values()) this.#consider(begun);
    this.#begun.clear();
    this.#keepNewest();
  }

  hasEnough(): boolean {
    return this.#found.length >= this.#search.limit;
  }

  result(): SearchResult {
    return { requests: this.#found, unreadable: this.#unreadable };
  }

  #addIntent(change: string, { kind: _, n: __, ...facts }: LineOf<'intent'>): void {
    const ending = this.#ended.get(change);
    this.#ended.delete(change);
    if (ending) this.#consider({ ...facts, ...ending });
    else this.#begun.set(change, facts);
  }

  #addEnd(change: string, { kind: _, n: __, at: ___, id: ____, ...ending }: LineOf<'end'>): void {
    const facts = this.#begun.get(change);
    this.#begun.delete(change);
    if (facts) this.#consider({ ...facts, ...ending });
    else this.#ended.set(change, ending);
  }

  #consider(request: FoundRequest): void {
    if (!isWanted(request, this.#search)) return;
    this.#found.push(request);
    if (this.#found.length > 2 * this.#search.limit + SPARE) this.#keepNewest();
  }

  #keepNewest(): void {
    this.#found.sort((one, other) => (one.at < other.at ? 1 : -1));
    this.#found.length = Math.min(this.#found.length, this.#search.limit);
  }
}

/** Sorting seldom is faster than keeping the list in order. */
const SPARE = 1000;

function isWanted(request: FoundRequest, { since, caller, tool, decision, executionId }: AuditSearch): boolean {
  const { id, name } = request.caller;
  if (since !== undefined && Date.parse(request.at) < since) return false;
  if (caller !== undefined && caller !== name && caller !== id) return false;
  if (tool !== undefined && tool !== request.subject && tool !== request.method) return false;
  if (executionId !== undefined && !concerns(request, executionId)) return false;
  if (decision === 'refused') return request.decision !== undefined && request.decision !== 'allowed';
  return decision === undefined || decision === request.decision;
}

/** True if the request names the execution, or if its answer does. */
function concerns({ executionId, subject, args: { shown } }: FoundRequest, wanted: string): boolean {
  const { executionIds } = shown;
  return (
    executionId === wanted ||
    shown.executionId === wanted ||
    (Array.isArray(executionIds) && executionIds.includes(wanted)) ||
    subject?.includes(wanted) === true
  );
}
