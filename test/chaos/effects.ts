import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { TaskContext } from '../../core/contract.ts';
import { SqliteLedger } from '../../workers/effects/once-sqlite.ts';

/** The files in `outputDir` that tasks write and the verdict reads. */
export const files = {
  effects: (outputDir: string) => join(outputDir, 'effects.db'),
  appended: (outputDir: string) => join(outputDir, 'appended.txt'),
  deliveries: (outputDir: string) => join(outputDir, 'deliveries.jsonl'),
};

/** The table has no unique key, so an effect that happens twice leaves two rows. */
export const EFFECTS_TABLE = 'CREATE TABLE effects (key TEXT, task_id TEXT, pid INTEGER)';

/** A line in the file of deliveries. */
export interface DeliveryEvent {
  taskId: string;
  key: string;
  pid: number;
  at: number;
  event: 'began' | 'ended' | 'aborted' | 'failed';
}

let opened: SqliteLedger | undefined;

/** Returns the ledger of this process. */
export function ledger({ settings }: TaskContext): SqliteLedger {
  opened ??= new SqliteLedger(files.effects(settings.outputDir));
  return opened;
}

/** Returns a function that writes a row as the effect of a task. Its result names the row and the process that wrote it. */
export function insertEffect({ idempotencyKey, taskId }: TaskContext) {
  return (db: SqliteDatabase): { row: number; pid: number } => {
    const insert = db.prepare('INSERT INTO effects (key, task_id, pid) VALUES (?, ?, ?)');
    return { row: Number(insert.run(idempotencyKey, taskId, process.pid).lastInsertRowid), pid: process.pid };
  };
}

type SqliteDatabase = Parameters<Parameters<SqliteLedger['inside']>[1]>[0];

/** Waits for `workMs` in place of work, then runs the effect. Records when the delivery began and how it ended. */
export async function deliver<T>(context: TaskContext, workMs: number, effect: () => Promise<T>): Promise<T> {
  const { taskId, idempotencyKey: key, settings, signal } = context;
  const record = (event: DeliveryEvent['event']) => {
    const line: DeliveryEvent = { taskId, key, pid: process.pid, at: Date.now(), event };
    appendFileSync(files.deliveries(settings.outputDir), `${JSON.stringify(line)}\n`);
  };
  record('began');
  try {
    await pause(workMs, undefined, { signal });
    const result = await effect();
    record('ended');
    return result;
  } catch (error) {
    record(signal.aborted ? 'aborted' : 'failed');
    throw error;
  }
}

/** Computes the correct output of a task from its number. */
export function answerOf(n: number): number {
  return n * 7 + 1;
}
