import { DatabaseSync } from 'node:sqlite';
import { messageOf, NonRetryableError } from '../../core/errors.ts';
import { pause } from '../../core/pause.ts';
import type { Claim, Ledger } from './once.ts';
import { isAlive, isBusy, Owner } from './once-owner.ts';

/** A row is needed only while its task can still be delivered. Old rows may be deleted at any time. */
const TABLE = `CREATE TABLE IF NOT EXISTS once_ledger (
  key TEXT PRIMARY KEY,
  owner TEXT,                  -- the process that runs it now, or that died while it did
  result TEXT,                 -- JSON
  started_at INTEGER NOT NULL, -- epoch milliseconds
  done_at INTEGER              -- null until the result is recorded
) WITHOUT ROWID`;

interface Row {
  owner: string | null;
  result: string | null;
  done_at: number | null;
}

/** While SQLite waits for a lock, nothing else in the process runs. So each wait is short, with pauses in between. */
const BLOCKING_MS = 20;
const PAUSE_MS = 10;
const BUSY_MS = 10_000;

/** An effect that happened is recorded even if its task was aborted. */
const never = new AbortController().signal;

/**
 * A ledger in an SQLite database. If the effect is itself a change of a database, use the same database for the ledger. The ledger adds the
 * table `once_ledger`. Any number of processes of one machine may share the file, which must be on a local disk.
 */
export class SqliteLedger implements Ledger<DatabaseSync> {
  readonly #db: DatabaseSync;
  readonly #owners: string;
  #owner: Owner | undefined;
  readonly #running = new Set<string>();
  #isPrepared = false;

  constructor(file: string) {
    this.#db = new DatabaseSync(file, { timeout: BLOCKING_MS });
    this.#owners = `${file}-owners`;
  }

  inside<T>(key: string, effect: (db: DatabaseSync) => T, signal: AbortSignal): Promise<T> {
    return this.#transaction(signal, () => {
      const row = this.#find(key);
      if (row && row.done_at !== null) return fromJson(row.result) as T; // what this effect returned, as JSON keeps it
      const result = toJson(key, effect(this.#db));
      const now = Date.now();
      this.#run(
        'INSERT INTO once_ledger (key, result, started_at, done_at) VALUES (?, ?, ?, ?)',
        key,
        result,
        now,
        now,
      );
      return fromJson(result) as T;
    });
  }

  claim(key: string, signal: AbortSignal): Promise<Claim> {
    this.#owner ??= new Owner(this.#owners);
    const me = this.#owner.id;
    const look = (): Claim => {
      const row = this.#find(key);
      if (row && row.done_at !== null) return { state: 'done', result: fromJson(row.result) };
      if (row && this.#isRunning(key, row.owner)) return { state: 'running' };
      if (row) this.#run('UPDATE once_ledger SET owner = ? WHERE key = ?', me, key);
      else this.#run('INSERT INTO once_ledger (key, owner, started_at) VALUES (?, ?, ?)', key, me, Date.now());
      return this.#ours(key, row !== undefined);
    };
    return this.#transaction(signal, look, ({ state }) => {
      if (state === 'ours') this.#running.add(key);
    });
  }

  /** Gives up effects that still run, as the end of the process would. */
  close(): void {
    this.#owner?.end();
    this.#db.close();
  }

  #ours(key: string, again: boolean): Claim {
    const settle = async (assignment: string, ...values: (string | number | null)[]) => {
      const sql = `UPDATE once_ledger SET owner = NULL${assignment} WHERE key = ?`;
      try {
        await this.#transaction(never, () => this.#run(sql, ...values, key));
      } finally {
        this.#running.delete(key); // even if the row could not be written: this process may then try again
      }
    };
    return {
      state: 'ours',
      again,
      release: () => settle(''),
      done: async (result) => {
        const json = toJson(key, result);
        await settle(', result = ?, done_at = ?', json, Date.now());
        return fromJson(json);
      },
    };
  }

  #find(key: string): Row | undefined {
    // These are the columns of our own table.
    return this.#db.prepare('SELECT owner, result, done_at FROM once_ledger WHERE key = ?').get(key) as Row | undefined;
  }

  #isRunning(key: string, owner: string | null): boolean {
    if (owner === null) return false;
    return owner === this.#owner?.id ? this.#running.has(key) : isAlive(this.#owners, owner);
  }

  #run(sql: string, ...values: (string | number | null)[]): void {
    this.#db.prepare(sql).run(...values);
  }

  /**
   * Runs a transaction, and repeats it while the database is busy. `committed` is called right after the commit, before any other code of
   * this process runs.
   */
  async #transaction<T>(signal: AbortSignal, work: () => T, committed: (result: T) => void = () => {}): Promise<T> {
    for (const startedAt = performance.now(); ; ) {
      signal.throwIfAborted();
      try {
        const result = this.#tryTransaction(work);
        committed(result);
        return result;
      } catch (error) {
        if (!isBusy(error) || performance.now() - startedAt > BUSY_MS) throw error;
      }
      await pause(PAUSE_MS * (1 + Math.random()), signal);
    }
  }

  #tryTransaction<T>(work: () => T): T {
    const db = this.#db;
    if (!this.#isPrepared) this.#prepare();
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      return result;
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK');
    }
  }

  /** A new file gets the faster journal. An existing database keeps its own. In both cases a commit is on the disk. */
  #prepare(): void {
    const isNew = this.#db.prepare('SELECT 1 FROM sqlite_master').get() === undefined;
    if (isNew) this.#db.exec('PRAGMA journal_mode = WAL');
    this.#db.exec(`PRAGMA synchronous = FULL; ${TABLE}`);
    this.#isPrepared = true;
  }
}

function toJson(key: string, result: unknown): string | null {
  if (result instanceof Promise) {
    throw new NonRetryableError(
      `The effect ${key} is asynchronous, so it cannot be part of a transaction: use once().`,
    );
  }
  try {
    return JSON.stringify(result) ?? null; // null means undefined
  } catch (cause) {
    throw new NonRetryableError(`The result of ${key} cannot be recorded as JSON: ${messageOf(cause)}`, { cause });
  }
}

function fromJson(json: string | null): unknown {
  return json === null ? undefined : JSON.parse(json);
}
