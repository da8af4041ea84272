import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from '../support/product.ts';

let folder: string;
let file: string;
let database: DatabaseSync;
const children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'once-'));
  file = join(folder, 'effects.db');
  database = new DatabaseSync(file, { timeout: 5_000 });
  database.exec('CREATE TABLE effects (key INTEGER, pid INTEGER)');
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  database.close();
  rmSync(folder, { recursive: true });
});

/** Starts a process that opens a ledger on the file and runs the code in `does`. */
function start(does: string): Process {
  const program = `
    const { appendFileSync } = await import('node:fs');
    const { once, onceInside } = await import(${JSON.stringify(join(root, 'workers/effects/once.ts'))});
    const { SqliteLedger } = await import(${JSON.stringify(join(root, 'workers/effects/once-sqlite.ts'))});
    const ledger = new SqliteLedger(${JSON.stringify(file)});
    const context = (key) => ({ idempotencyKey: String(key), signal: new AbortController().signal });
    const die = () => process.kill(process.pid, 'SIGKILL');
    const say = (word) => process.stdout.write(word + '\\n');
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const insert = (key) => (db) => {
      db.prepare('INSERT INTO effects VALUES (?, ?)').run(key, process.pid);
      return { key, pid: process.pid };
    };
    const call = ({ key, again }) => appendFileSync(${JSON.stringify(join(folder, 'calls'))}, key + ' ' + again + '\\n');
    ${does}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  let complained = '';
  const heard = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    said += chunk;
    for (const look of heard) look();
  });
  child.stderr.on('data', (chunk) => {
    complained += chunk;
  });
  const ended = new Promise<Ended>((resolve) =>
    child.on('close', (code, signal) => resolve({ code, signal, said, complained })),
  );
  return {
    child,
    ended,
    says: (word) =>
      new Promise((resolve, reject) => {
        const look = () => said.includes(word) && resolve();
        heard.add(look);
        look();
        ended.then(() => reject(new Error(`it ended without "${word}": ${complained}`)));
      }),
  };
}

interface Ended {
  code: number | null;
  signal: string | null;
  said: string;
  complained: string;
}

interface Process {
  child: ChildProcess;
  ended: Promise<Ended>;
  says(word: string): Promise<void>;
}

const calls = () => readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
const effects = () => database.prepare('SELECT key, count(*) AS times FROM effects GROUP BY key ORDER BY key').all();
const each = (count: number) => Array.from({ length: count }, (_, key) => ({ key, times: 1 }));

test("a process with a ledger prints nothing, not even Node's warning that SQLite is experimental", async () => {
  const { code, complained } = await start(`await onceInside(ledger, context(0), 'e', insert(0));`).ended;
  expect({ code, complained }).toEqual({ code: 0, complained: '' });
});

describe('an effect in the database of the ledger', () => {
  const doAll = (count: number) => `
    for (let key = 0; key < ${count}; key++) {
      const result = await onceInside(ledger, context(key), 'e', insert(key));
      if (result.key !== key) throw new Error('a wrong result');
    }`;

  test('the effect happens once if four processes run it', async () => {
    const all = Array.from({ length: 4 }, () => start(doAll(200)).ended);
    for (const { code, complained } of await Promise.all(all))
      expect({ code, complained }).toEqual({ code: 0, complained: '' });
    expect(effects()).toEqual(each(200));
  });

  test.each([
    ['before the effect', `die()`, 0],
    ['between the effect and its record', `insert(0)(db); die()`, 0],
  ])('the effect happens once if a process died %s', async (_, how, done) => {
    expect((await start(`await onceInside(ledger, context(0), 'e', (db) => { ${how} });`).ended).signal).toBe(
      'SIGKILL',
    );
    expect(effects()).toHaveLength(done);
    await start(doAll(1)).ended;
    expect(effects()).toEqual(each(1));
  });

  test('if a process died right after the effect, a repetition returns the first result', async () => {
    await start(`await onceInside(ledger, context(0), 'e', insert(0)); die();`).ended;
    const again = `say(JSON.stringify(await onceInside(ledger, context(0), 'e', insert(0))));`;
    const { said } = await start(again).ended;
    expect(database.prepare('SELECT key, pid FROM effects').all()).toEqual([JSON.parse(said)]);
  });

  test('the effect happens once even if processes are killed at random moments', async () => {
    const killOne = async () => {
      const process = start(`say('started');${doAll(1_000_000)}`);
      await process.says('started');
      setTimeout(() => process.child.kill('SIGKILL'), 50 + Math.random() * 100);
      expect(await process.ended).toMatchObject({ signal: 'SIGKILL', complained: '' });
    };
    for (let round = 0; round < 8; round++) await Promise.all([killOne(), killOne()]);
    const count = effects().length;
    expect(count).toBeGreaterThan(0);
    expect(effects()).toEqual(each(count));
    expect((await start(doAll(count + 1)).ended).code).toBe(0);
    expect(effects()).toEqual(each(count + 1));
  });
});

describe('an effect elsewhere', () => {
  const charge = `await once(ledger, context('t'), 'e', async (delivery) => { call(delivery); return process.pid; })`;

  test('the effect runs again with `again: true` if a process died during it', async () => {
    await start(`await once(ledger, context('t'), 'e', async (delivery) => { call(delivery); die(); });`).ended;
    expect((await start(charge).ended).code).toBe(0);
    expect(calls()).toEqual(['t:e false', 't:e true']);
  });

  test('a recorded effect is not repeated after its process has died', async () => {
    await start(`${charge}; die();`).ended;
    expect((await start(charge).ended).code).toBe(0);
    expect(calls()).toEqual(['t:e false']);
  });

  const slowly = `
    await once(ledger, context('t'), 'e', async (delivery) => {
      call(delivery);
      say('running');
      await pause(500);
      return process.pid;
    });`;

  test('while an effect runs, another process waits and then gets the same result', async () => {
    const first = start(slowly);
    await first.says('running');
    const { said } = await start(`say(await ${charge});`).ended;
    expect(said.trim()).toBe(String(first.child.pid));
    expect(calls()).toEqual(['t:e false']);
  });

  test('a process takes over the effect of a dead process, but not of a suspended one', async () => {
    const first = start(slowly);
    await first.says('running');
    first.child.kill('SIGSTOP');
    const second = start(`say('waits'); await ${charge};`);
    await second.says('waits');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(calls()).toEqual(['t:e false']);
    first.child.kill('SIGKILL');
    expect((await second.ended).code).toBe(0);
    expect(calls()).toEqual(['t:e false', 't:e true']);
  });

  test('files of dead processes are removed', async () => {
    for (const _ of [1, 2]) await start(`await once(ledger, context(process.pid), 'e', async () => die());`).ended;
    await start(`${charge}; ledger.close();`).ended;
    expect(readdirSync(`${file}-owners`)).toEqual([]);
  });
});
