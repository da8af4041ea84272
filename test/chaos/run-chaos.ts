import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Cleanups } from '../../core/cleanups.ts';
import { createConductor } from '../../core/conductor/api.ts';
import { createCaller } from '../../core/conductor/connection/caller.ts';
import { loadConfig } from '../../core/config.ts';
import { messageOf } from '../../core/errors.ts';
import { ChaosServer } from './chaos-server.ts';
import { Workers } from './chaos-workers.ts';
import { Service } from './charge-service.ts';
import { EFFECTS_TABLE, files } from './effects.ts';
import { type Evidence, gather } from './evidence.ts';
import { Injector } from './inject.ts';
import { type Order, prepare, settle, startAll } from './load.ts';
import { Network } from './network.ts';
import type { Injection } from './plan-schedule.ts';
import { Random } from './random.ts';
import type { RunSettings } from './report.ts';

export interface RunOptions {
  settings: RunSettings;
  schedule: readonly Injection[];
  orders: readonly Order[];
  /** How long open work may take to end after the last injection. */
  settleMs: number;
  folder: string;
  note: (line: string) => void;
  signal: AbortSignal;
}

/**
 * The time limit of a request to the server. It is long because the run repeats a start that times out: the second execution would
 * add load to a busy server.
 */
const PATIENCE_MS = 120_000;

/** Carries out one run and ends all its processes, even if the run fails. */
export async function run(options: RunOptions): Promise<Evidence> {
  const { folder, note } = options;
  const cleanups = new Cleanups();
  try {
    return await runWith(options, cleanups);
  } finally {
    for (const [what, error] of await cleanups.run()) note(`could not ${what} (${folder}): ${messageOf(error)}`);
  }
}

async function runWith(
  { settings, schedule, orders, settleMs, folder, note, signal }: RunOptions,
  cleanups: Cleanups,
): Promise<Evidence> {
  const { config } = loadConfig();
  createDatabase(folder);
  const service = await Service.start(settings.seed);
  cleanups.add('close the service', () => service.close());

  const server = await ChaosServer.create(config, join(folder, 'server'), note, signal);
  cleanups.add('stop the server', () => server.stop());
  note('starting the Conductor server …');
  await server.start(signal);
  const patient = { ...config, conductorServerUrl: server.url, requestTimeoutMs: PATIENCE_MS };
  const conductor = createConductor(createCaller(patient));
  cleanups.add('disconnect', () => conductor.close());
  await prepare(conductor);

  const networks: Network[] = [];
  cleanups.add('close the networks', () => networks.map((network) => network.close()));
  for (let worker = 0; worker < settings.workers; worker++) {
    networks.push(await Network.start(server.port, new Random(settings.seed + worker)));
  }
  const workers = new Workers({
    folder,
    serviceUrl: service.url,
    serverUrls: networks.map(({ port }) => `http://127.0.0.1:${port}/api`),
    shareDataDir: settings.shareDataDir,
  });
  cleanups.add('stop the workers', () => workers.stopAll());
  for (const worker of networks.keys()) workers.start(worker);

  const injector = new Injector({ server, workers, networks }, note, signal);
  await Promise.all([injector.run(schedule), startAll(conductor, orders, signal)]);
  signal.throwIfAborted();
  note('the injections are over; waiting for open executions to end …');
  const ids = await settle(conductor, settleMs, signal);
  signal.throwIfAborted();
  await workers.stopAll();
  const known = { orders, charges: service.charges, lives: workers.lives, injected: injector.done };
  const outages = { serverOutages: server.outages, troubles: injector.troubles };
  return gather({ conductor, ids, folder }, { ...known, ...outages });
}

function createDatabase(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const database = new DatabaseSync(files.effects(folder));
  database.exec(`PRAGMA journal_mode = WAL; ${EFFECTS_TABLE}`);
  database.close();
}
