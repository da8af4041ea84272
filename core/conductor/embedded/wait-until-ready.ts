import { z } from 'zod';
import { pause } from '../../pause.ts';
import { DISK_FULL } from '../connection/connection-errors.ts';
import { type Progress, throwIfCancelled } from './progress.ts';
import { INSTANCE_PROPERTY } from './server-properties.ts';

const LOOK_EVERY_MS = 250;
const NOTE_EVERY_MS = 5000;
const ANSWER_TIMEOUT_MS = 3000;

/** How a start ended. A server that failed to start may keep running without an answer, so its log must be read. */
export type Outcome = 'ready' | 'ended' | 'failed' | 'port-taken' | 'too-slow';

/** A server that is starting. */
export interface Booting {
  answers(): Promise<boolean>;
  isAlive(): Promise<boolean>;
  /** The server's log since this start. */
  readLog(): Promise<string>;
}

const healthSchema = z.object({ healthy: z.literal(true) });

/** True if a Conductor server of major version 3 answers at that API address. */
export async function isReady(url: string): Promise<boolean> {
  try {
    if (!healthSchema.safeParse(await (await ask(`${new URL(url).origin}/health`)).json()).success) return false;
    const version = await ask(`${url}/version`);
    return version.ok && (await version.text()).startsWith('3.');
  } catch {
    return false;
  }
}

/**
 * True if the server at this address has this instance mark. False if another Conductor server has taken the port. The server shows
 * its arguments, and the mark is one of them.
 */
export async function isInstanceReady(url: string, instance: string): Promise<boolean> {
  if (!(await isReady(url))) return false;
  try {
    const shown = z.looseObject({ [INSTANCE_PROPERTY]: z.literal(instance) });
    return shown.safeParse(await (await ask(`${url}/admin/config`)).json()).success;
  } catch {
    return false;
  }
}

/**
 * Waits until the server answers, has failed, or has used up its time.
 * @throws FleetError `cancelled` if `signal` is aborted
 */
export async function waitUntilReady(server: Booting, limitMs: number, { note, signal }: Progress): Promise<Outcome> {
  const startedAt = Date.now();
  let nextNoteAt = startedAt + NOTE_EVERY_MS;
  for (;;) {
    throwIfCancelled(signal);
    const alive = await server.isAlive();
    const failure = failureIn(await server.readLog());
    if (failure) return failure;
    if (!alive) return 'ended';
    if (await server.answers()) return 'ready';
    const now = Date.now();
    if (now - startedAt > limitMs) return 'too-slow';
    if (now >= nextNoteAt) {
      note(`Conductor is starting (${Math.round((now - startedAt) / 1000)} s) …`);
      nextNoteAt = now + NOTE_EVERY_MS;
    }
    await pause(LOOK_EVERY_MS, signal);
  }
}

/** Recognises in the log that Spring gave up. The process itself may continue with its other threads. */
export function failureIn(log: string): 'failed' | 'port-taken' | undefined {
  if (DISK_FULL.test(log)) return 'failed'; // the server would keep its port and never answer
  if (!log.includes('APPLICATION FAILED TO START')) return undefined;
  return /Port \d+ was already in use/.test(log) ? 'port-taken' : 'failed';
}

/** The part of a log that says why a start failed: Spring's explanation if there is one, else the last lines. */
export function explanationIn(log: string, lines = 15): string {
  const explained = log.split('APPLICATION FAILED TO START').at(1) ?? log;
  const told = explained.split('\n').filter((line) => /\w/.test(line));
  return (explained === log ? told.slice(-lines) : told.slice(0, lines)).join('\n');
}

function ask(address: string): Promise<Response> {
  return fetch(address, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
}
