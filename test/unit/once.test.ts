import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Delivery, once, onceInside } from '../../workers/effects/once.ts';
import { SqliteLedger } from '../../workers/effects/once-sqlite.ts';

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
  test('onceInside runs an effect once, and every delivery gets its result', async () => {
    expect(await onceInside(ledger, context, 'book', book)).toEqual({ seat: 1 });
    expect(await onceInside(ledger, context, 'book', book)).toEqual({ seat: 1 });
    expect(seats()).toBe(1);
  });

  test('onceInside identifies an effect by its task and its name', async () => {
    await onceInside(ledger, context, 'book', book);
    await onceInside(ledger, context, 'book-return', book);
    await onceInside(ledger, { ...context, idempotencyKey: 'workflow:other' }, 'book', book);
    expect(seats()).toBe(3);
  });

  test('if the effect fails, onceInside rolls it back and a retry can run it', async () => {
    const fails = (db: DatabaseSync) => {
      book(db);
      throw new Error('sold out');
    };
    await expect(onceInside(ledger, context, 'book', fails)).rejects.toThrow('sold out');
    expect(seats()).toBe(0);
    await onceInside(ledger, context, 'book', book);
    expect(seats()).toBe(1);
  });

  test('onceInside rolls back an asynchronous effect and fails without a retry', async () => {
    const asynchronous = onceInside(ledger, context, 'book', async (db) => book(db));
    await expect(asynchronous).rejects.toMatchObject({
      name: 'NonRetryableError',
      message: expect.stringMatching(/asynchronous.*once\(\)/),
    });
    expect(seats()).toBe(0);
  });

  test('onceInside does not change the journal mode of the database and leaves no file beside it', async () => {
    await onceInside(ledger, context, 'book', book);
    const database = new DatabaseSync(file);
    expect(database.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
    database.close();
    expect(readdirSync(folder)).toEqual(['shop.db']);
  });
});

describe('an effect outside the ledger', () => {
  let deliveries: Delivery[] = [];
  beforeEach(() => {
    deliveries = [];
  });
  const charge = async (delivery: Delivery) => {
    deliveries.push(delivery);
    return { receipt: deliveries.length };
  };

  test('once does not repeat an effect if its result is recorded', async () => {
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 1 });
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 1 });
    expect(deliveries).toEqual([{ key: 'workflow:task:charge', again: false }]);
  });

  test('after a failure, once passes `again` to the effect', async () => {
    const fails = async (delivery: Delivery) => {
      await charge(delivery);
      throw new Error('connection lost');
    };
    await expect(once(ledger, context, 'charge', fails)).rejects.toThrow('connection lost');
    await expect(once(ledger, context, 'charge', fails)).rejects.toThrow('connection lost');
    expect(await once(ledger, context, 'charge', charge)).toEqual({ receipt: 3 });
    expect(deliveries.map(({ again }) => again)).toEqual([false, true, true]);
  });

  test('once runs the effect one time for simultaneous deliveries, with one ledger or with two', async () => {
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

  test('if the task is aborted, once stops waiting for the effect of another delivery', async () => {
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

  test('after the ledger is closed, another process can run the effect', async () => {
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

  test('a closed ledger removes its owner file', async () => {
    await once(ledger, context, 'charge', charge);
    expect(readdirSync(`${file}-owners`)).toHaveLength(1);
    ledger.close();
    expect(readdirSync(`${file}-owners`)).toEqual([]);
    ledger = new SqliteLedger(file);
  });
});

describe('recorded results', () => {
  test.each([
    ['nothing', undefined, undefined],
    ['null', null, null],
    ['a date in its JSON form', new Date(0), '1970-01-01T00:00:00.000Z'],
    ['an object', { a: [1, 'x', true], gone: undefined }, { a: [1, 'x', true] }],
  ])('onceInside and once record %s and return it to each delivery', async (_, result, recorded) => {
    for (const _delivery of [1, 2]) {
      expect(await onceInside(ledger, context, 'inside', () => result)).toStrictEqual(recorded);
      expect(await once(ledger, context, 'elsewhere', async () => result)).toStrictEqual(recorded);
    }
  });

  test('a result that JSON cannot represent fails without a retry', async () => {
    const refused = { name: 'NonRetryableError', message: expect.stringMatching(/workflow:task:x .*JSON/) };
    await expect(onceInside(ledger, context, 'x', () => 1n)).rejects.toMatchObject(refused);
    await expect(once(ledger, context, 'x', async () => 1n)).rejects.toMatchObject(refused);
  });

  test('a new ledger file uses the faster journal (WAL)', async () => {
    const fresh = new SqliteLedger(join(folder, 'fresh.db'));
    await once(fresh, context, 'x', async () => 1);
    expect(existsSync(join(folder, 'fresh.db-wal'))).toBe(true);
    fresh.close();
  });
});
