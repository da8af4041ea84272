import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { type Config, processEnvironment } from '../../config.ts';
import { FleetError, messageOf } from '../../errors.ts';
import { DISK_FULL } from '../connection/connection-errors.ts';
import { choosePort, FIRST_PORT, portTaken } from './choose-port.ts';
import type { DataFolder } from './data-folder.ts';
import { startContainer } from './docker-container.ts';
import type { Program } from './install/find-program.ts';
import { release } from './install/release.ts';
import { readFrom, sizeOf } from './log-file.ts';
import type { Progress } from './progress.ts';
import { answers, endInstance, folderMark, instanceMark, isAlive } from './server-instance.ts';
import { javaArguments, serverEnvironment, serverProperties } from './server-properties.ts';
import { type Owner, removeRecord, type ServerRecord, writeRecord } from './server-record.ts';
import { explanationIn, type Outcome, waitUntilReady } from './wait-until-ready.ts';

export interface LaunchOptions {
  config: Config;
  folder: DataFolder;
  program: Program;
  owner?: Owner | undefined;
  llmBaseUrl?: string | undefined;
}

/**
 * Starts a server on the folder and waits until it answers. The server is recorded before the wait, so that the next process finds it if
 * this process dies. If another program takes the port in the meantime, it tries the next port.
 * @throws FleetError `environment` with the last log lines if the server does not start, `cancelled` if interrupted. After an error no
 * server runs.
 */
export async function launchServer(options: LaunchOptions, progress: Progress): Promise<ServerRecord> {
  const { config, folder, program } = options;
  for (let from = FIRST_PORT; ; ) {
    const port = await choosePort(config.serverPort, from);
    if (config.serverPort === undefined && port !== from) {
      progress.note(`Another program uses port ${from}, so the server uses port ${port}.`);
    }
    progress.note(
      `Starting Conductor ${release.version} (${program.kind}) on 127.0.0.1:${port}, data in ${folder.path}`,
    );
    const logStart = await sizeOf(folder.log);
    const record = await begin(options, port, progress);
    const outcome = await waitOrEnd(record, folder, logStart, config.serverStartSeconds, progress);
    if (outcome === 'ready') return record;
    if (outcome !== 'port-taken') throw notStarted(outcome, config, folder, await readFrom(folder.log, logStart));
    if (config.serverPort !== undefined) throw portTaken(port);
    progress.note(`Another program has taken port ${port}; trying the next port.`);
    from = port + 1;
  }
}

async function begin(options: LaunchOptions, port: number, progress: Progress): Promise<ServerRecord> {
  const { config, folder, program, owner, llmBaseUrl } = options;
  const instance = randomUUID();
  const environment = processEnvironment();
  const record: ServerRecord = {
    kind: program.kind,
    instance,
    port,
    startedAt: new Date().toISOString(),
    version: release.version,
    ...(owner && { owner }),
    ...(llmBaseUrl !== undefined && { llmBaseUrl }),
  };
  if (program.kind === 'docker') {
    progress.note(
      'The server runs in a container. Its own HTTP and model calls do not reach services on 127.0.0.1 of this machine.',
    );
    writeRecord(folder.record, record);
    await startContainer({ config, environment, folder, instance, port, llmBaseUrl }).catch((error: unknown) => {
      removeRecord(folder.record);
      throw error;
    });
    return record;
  }
  const properties = serverProperties({
    database: folder.database,
    secrets: config.serverSecrets,
    synchronous: config.serverSynchronous,
    llmBaseUrl,
  });
  const marks = [instanceMark(instance), folderMark(folder)];
  const args = javaArguments({ jar: program.jar, memory: config.serverMemory, marks, port, properties });
  const pid = await spawnJava(program.java, args, serverEnvironment(config, environment), folder);
  const running = { ...record, pid };
  try {
    writeRecord(folder.record, running);
  } catch (cause) {
    await endInstance(running); // without a record, no later command finds this server
    throw new FleetError('environment', `Cannot write ${folder.record}: ${messageOf(cause)}.`, {
      remedy: 'Free some space on the disk, or name another data folder with --data-dir (FLEET_DIR).',
      cause,
    });
  }
  return running;
}

/** Starts java in a session of its own, so that a Ctrl-C in the terminal does not end it before the workers have stopped. */
function spawnJava(java: string, args: string[], env: Record<string, string>, folder: DataFolder): Promise<number> {
  const log = openSync(folder.log, 'a', 0o600);
  return new Promise<number>((resolve, reject) => {
    const child = spawn(java, args, { cwd: folder.path, env, detached: true, stdio: ['ignore', log, log] });
    child.unref();
    child.once('spawn', () => child.pid !== undefined && resolve(child.pid));
    child.once('error', (cause) => {
      reject(new FleetError('environment', `Cannot run ${java}: ${messageOf(cause)}.`, { cause }));
    });
  }).finally(() => closeSync(log));
}

async function waitOrEnd(
  record: ServerRecord,
  folder: DataFolder,
  logStart: number,
  limitSeconds: number,
  progress: Progress,
): Promise<Outcome> {
  let outcome: Outcome | undefined;
  try {
    const booting = {
      answers: () => answers(record),
      isAlive: () => isAlive(record),
      readLog: () => readFrom(folder.log, logStart),
    };
    outcome = await waitUntilReady(booting, limitSeconds * 1000, progress);
    return outcome;
  } finally {
    if (outcome !== 'ready') {
      await endInstance(record);
      removeRecord(folder.record);
    }
  }
}

function notStarted(outcome: Outcome, config: Config, folder: DataFolder, log: string): FleetError {
  const what =
    outcome === 'too-slow'
      ? `did not answer within ${config.serverStartSeconds} s and was stopped`
      : 'ended while it was starting';
  if (DISK_FULL.test(log)) {
    return new FleetError(
      'environment',
      `The disk of ${folder.path} is full, so the Conductor server could not start.`,
      {
        remedy: 'Free some space, or name a folder on another disk with --data-dir (FLEET_DIR).',
      },
    );
  }
  const told = explanationIn(log);
  return new FleetError('environment', `The Conductor server ${what}.${told ? ` Its log says:\n${told}` : ''}`, {
    remedy: `Read the whole log: ${folder.log}. To give the server more time or memory, set FLEET_SERVER_START_SECONDS or FLEET_SERVER_MEMORY.`,
  });
}
