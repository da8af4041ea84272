import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Conductor } from '../../core/conductor/api.ts';
import type { Execution } from '../../core/conductor/types.ts';
import type { Outage } from './chaos-server.ts';
import type { Life } from './chaos-workers.ts';
import type { Charge } from './charge-service.ts';
import { type DeliveryEvent, files } from './effects.ts';
import type { Injected, NetworkTrouble } from './inject.ts';
import type { Order } from './load.ts';

/** One run of a handler on a task, until the handler or its process ended. */
export interface Delivery {
  taskId: string;
  key: string;
  pid: number;
  from: number;
  to: number;
  end: DeliveryEvent['event'] | 'died';
}

export interface EffectRow {
  key: string;
  row: number;
  pid: number;
}

/** Everything that is known at the end of a run. */
export interface Evidence {
  orders: readonly Order[];
  executions: Execution[];
  effects: EffectRow[];
  charges: ReadonlyMap<string, Charge>;
  /** The number of appended lines for each idempotency key. */
  appended: Map<string, number>;
  deliveries: Delivery[];
  lives: readonly Life[];
  injected: readonly Injected[];
  serverOutages: readonly Outage[];
  troubles: readonly NetworkTrouble[];
  /** Spool files with undelivered results. */
  undelivered: string[];
  /** Messages of level `warn` and above in the workers' logs, with the number of times that each was logged. */
  complaints: Map<string, number>;
  /** When the server answered the result that ended a task with 200, by the worker's log and clock. A hand-back ends no task. */
  accepted: Map<string, number>;
}

/** The evidence that the run itself collects. `gather` reads the rest from files and from the server. */
export type Known = Pick<Evidence, 'orders' | 'charges' | 'lives' | 'injected' | 'serverOutages' | 'troubles'>;

export interface Sources {
  conductor: Conductor;
  /** Ids of the executions. */
  ids: readonly string[];
  /** The folder that tasks and workers write to. */
  folder: string;
}

const AT_ONCE = 20;

/** Reads the executions from the server, and the files that tasks and workers have written. */
export async function gather({ conductor, ids, folder }: Sources, known: Known): Promise<Evidence> {
  const executions: Execution[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE) {
    const batch = ids.slice(start, start + AT_ONCE);
    executions.push(...(await Promise.all(batch.map((id) => conductor.getExecution(id)))));
  }
  const log = globSync(join(folder, 'worker-*.log')).flatMap(linesOf).map(readLogLine);
  return {
    ...known,
    executions,
    effects: readEffects(folder),
    appended: countLines(files.appended(folder)),
    deliveries: readDeliveries(folder, known.lives),
    undelivered: readSpools(folder),
    complaints: complaintsIn(log),
    accepted: acceptedIn(log),
  };
}

function readEffects(folder: string): EffectRow[] {
  const database = new DatabaseSync(files.effects(folder), { readOnly: true });
  try {
    return database
      .prepare('SELECT key, pid, rowid AS "row" FROM effects ORDER BY rowid')
      .all()
      .map(({ key, row, pid }) => ({ key: String(key), row: Number(row), pid: Number(pid) }));
  } finally {
    database.close();
  }
}

function readDeliveries(folder: string, lives: readonly Life[]): Delivery[] {
  const open = new Map<string, Delivery>();
  const all: Delivery[] = [];
  for (const line of linesOf(files.deliveries(folder))) {
    const { taskId, key, pid, at, event } = JSON.parse(line) as DeliveryEvent; // no check is needed: our own tasks wrote these lines
    const id = `${taskId} ${pid}`;
    const begun = open.get(id);
    if (event === 'began') {
      const endedAt = lives.find((life) => life.pid === pid && life.startedAt <= at)?.endedAt ?? at;
      const delivery: Delivery = { taskId, key, pid, from: at, to: endedAt, end: 'died' };
      open.set(id, delivery);
      all.push(delivery);
    } else if (begun) {
      begun.to = at;
      begun.end = event;
      open.delete(id);
    }
  }
  return all;
}

/** Returns the lines of a file. A file that does not exist has none. */
function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function countLines(file: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of linesOf(file)) counts.set(line, (counts.get(line) ?? 0) + 1);
  return counts;
}

function readSpools(folder: string): string[] {
  return globSync(join(folder, '*', 'spool', '**', '*')).filter((file) => {
    const stat = statSync(file);
    return stat.isFile() && stat.size > 0;
  });
}

const WARN = 40;
const ACCEPTED = 'the server accepted the result of a task';

/** A line of a worker's log. What is not a log line counts as a warning if it looks like one. */
interface LogLine {
  level: number;
  msg: string;
  time?: number;
  taskId?: string;
  status?: string;
}

function readLogLine(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine; // no check is needed: our own logger wrote the line
  } catch {
    return { level: /error|warning/i.test(line) ? WARN : 0, msg: line };
  }
}

function complaintsIn(log: readonly LogLine[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { level, msg } of log) if (level >= WARN) counts.set(msg, (counts.get(msg) ?? 0) + 1);
  return counts;
}

function acceptedIn(log: readonly LogLine[]): Map<string, number> {
  return new Map(
    log.flatMap(({ msg, taskId, time, status }) =>
      msg === ACCEPTED && status !== 'IN_PROGRESS' && taskId !== undefined && time !== undefined
        ? [[taskId, time] as const]
        : [],
    ),
  );
}
