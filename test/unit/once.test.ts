import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Delivery, once, onceInside } from '../../workers/shared/once.ts';
import { SqliteLedger } from '../../workers/shared/once-sqlite.ts';

let folder: string;
let file: string;
let ledger: SqliteLedger;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'once-'));
  file = join(folder, 'shop.db');
  const database = new DatabaseSync(file);
  database.exec('CREATE TABLE seats (flight TEXT)');
  database.close();
  ledger = new SqliteLedger(file);
});
afterEach(() => {
  ledger.close();
  rmSync(folder, { recursive: true });
});

const context = { idempotencyKey: 'workflow:task', signal: new AbortController().signal };
const book = (db: DatabaseSync) => db.prepare('INSERT INTO seats VALUES (?) RETURNING rowid AS seat').get('LH1');

function seats(): number {
  const database = new DatabaseSync(file);
  const { count } = database.prepare('SELECT count(*) AS count FROM seats').get() as { count: number };
  database.close();
  return count;
}

describe('an effect in the database of the ledger', () => {
  test('happens once, and every delivery gets its result', async () => {
    expect(await onceInside(ledger, context, 'book', book)).toEqual({ seat: 1 });
    expect(await onceInside(ledger, context, 'book', book)).toEqual({ seat: 1 });
    expect(seats()).toBe(1);
  });

  test('is identified by its task and its name', async () => {
    await onceInside(ledger, context, 'book', book);
    await onceInside(ledger, context, 'book-return', book);
    await onceInside(ledger, { ...context, idempotencyKey: 'workflow:other' }, 'book', book);
    expect(seats()).toBe(3);
  });

  test('that fails leaves nothing behind and can be retried', async () => {
    const fails = (db: DatabaseSync) => {
      book(db);
      throw new Error('sold out');
    };
    await expect(onceInside(ledger, context, 'book', fails)).rejects.toThrow('sold out');
    expect(seats()).toBe(0);
    await onceInside(ledger, context, 'book', book);
    expect(seats()).toBe(1);
  });

  test('that is asynchronous is rejected without a retry, and its changes are rolled back', async () => {
    const asynchronous = onceInside(ledger, context, 'book', async (db) => book(db));
    await expect(asynchronous).rejects.toMatchObject({
      name: 'NonRetryableError',
      message: expect.stringMatching(/asynchronous.*once\(\)/),
    });
    expect(seats()).toBe(0);
  });

  test('does not change the journal mode of the database, and leaves no file beside it', async () => {
    await onceInside(ledger, context, 'book', book);
    const database = new DatabaseSync(file);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    database.close();
    expect(readdirSync(folder)).toEqual(['shop.db']);
  });
});

describe('an effect elsewhere', () => {
  let deliveries: Delivery[] = [];
  beforeEach(() => {
    deliveries = [];
  });
  const charge = async (delivery: Delivery) => {
    deliveries.push(delivery);
    return { receipt: deliveries.length };
  };

  test('is not repeated once its result is recorded', async () => {
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 1 });
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 1 });
    expect(deliveries).toEqual([{ key: 'workflow:task:charge', again: false }]);
  });

  test('is told `again` after an earlier failure', async () => {
    const fails = async (delivery: Delivery) => {
      await charge(delivery);
      throw new Error('connection lost');
    };
    await expect(once(ledger, context, 'charge', fails)).rejects.toThrow('connection lost');
    await expect(once(ledger, context, 'charge', fails)).rejects.toThrow('connection lost');
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 3 });
    expect(deliveries.map(({ again }) => again)).toEqual([false, true, true]);
  });

  test('runs once for simultaneous deliveries, with one ledger or with two', async () => {
    const second = new SqliteLedger(file);
    const slow = async (delivery: Delivery) => {
      await new Promise((resolve) => setImmediate(resolve));
      return charge(delivery);
    };
    const results = await Promise.all(
      [ledger, second, ledger, second].map((one) => once(one, context, 'charge', slow)),
    );
    expect(results).toEqual(Array(4).fill({ receipt: 1 }));
    expect(deliveries).toHaveLength(1);
    second.close();
  });

  test('is not waited for once the task is aborted', async () => {
    const ended = Promise.withResolvers<void>();
    const first = once(ledger, context, 'charge', () => ended.promise);
    const stop = new AbortController();
    const second = once(ledger, { ...context, signal: stop.signal }, 'charge', charge);
    stop.abort(new Error('the worker process stops'));
    await expect(second).rejects.toThrow('the worker process stops');
    ended.resolve();
    await first;
    expect(deliveries).toEqual([]);
  });

  test('is left to other processes when the ledger is closed', async () => {
    const first = new SqliteLedger(file);
    const ended = Promise.withResolvers<void>();
    const abandoned = once(first, context, 'charge', () => ended.promise);
    await new Promise((resolve) => setImmediate(resolve));
    first.close();
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 1 });
    expect(deliveries).toEqual([{ key: 'workflow:task:charge', again: true }]);
    ended.resolve();
    await expect(abandoned).rejects.toThrow('not open');
  });

  test('cleans up after itself', async () => {
    await once(ledger, context, 'charge', charge);
    expect(readdirSync(`${file}-owners`)).toHaveLength(1);
    ledger.close();
    expect(readdirSync(`${file}-owners`)).toEqual([]);
    ledger = new SqliteLedger(file);
  });
});

describe('what both record', () => {
  test.each([
    ['nothing', undefined, undefined],
    ['null', null, null],
    ['a date, as JSON has it', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an object', { a: [1, 'x', true], gone: undefined }, { a: [1, 'x', true] }],
  ])('%s, the same at each delivery', async (_, result, recorded) => {
    for (const _delivery of [1, 2]) {
      expect(await onceInside(ledger, context, 'inside', () => result)).toStrictEqual(recorded);
      expect(await once(ledger, context, 'elsewhere', async () => result)).toStrictEqual(recorded);
    }
  });

  test('a result that JSON cannot hold fails for good', async () => {
    const refused = { name: 'NonRetryableError', message: expect.stringMatching(/workflow:task:x .*JSON/) };
    await expect(onceInside(ledger, context, 'x', () => 1n)).rejects.toMatchObject(refused);
    await expect(once(ledger, context, 'x', async () => 1n)).rejects.toMatchObject(refused);
  });

  test('a new file gets the faster journal', async () => {
    const fresh = new SqliteLedger(join(folder, 'fresh.db'));
    await once(fresh, context, 'x', async () => 1);
    expect(existsSync(join(folder, 'fresh.db-wal'))).toBe(true);
    fresh.close();
  });
});
