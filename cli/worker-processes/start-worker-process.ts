import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type Config, processEnvironment } from '../../core/config.ts';
import { FleetError, messageOf } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/make-folder.ts';
import { type Setting, settingList } from '../../core/settings/settings.ts';
import { mainModule } from '../installation.ts';

export interface WorkerProcess {
  readonly pid: number | undefined;
  readonly logFile: string;
  /** Resolves when the process has ended. The text says how it ended. */
  readonly ended: Promise<string>;
  /** Lets the running tasks finish, then ends the process. */
  stop(): Promise<void>;
}

/**
 * Starts `fleet work` as a child process with the settings of this process. The child has its own process group, so that a Ctrl-C reaches
 * it only through `stop()`. If this process dies, the IPC channel closes, and the child drains and ends.
 */
export function startWorkerProcess(config: Config, serverUrl: string, shopUrl: string): WorkerProcess {
  const folder = resolve(config.dataDir);
  const logFile = join(folder, 'worker.log');
  const output = openLog(logFile);
  const child = spawn(process.execPath, [mainModule, 'work'], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: {
      ...processEnvironment(),
      ...asEnvironment(config),
      CONDUCTOR_SERVER_URL: serverUrl,
      SHOP_URL: shopUrl,
      FILES_ROOT: resolve(config.filesRoot),
      OUTPUT_DIR: resolve(config.outputDir),
      LOG_FORMAT: 'json',
    },
  });
  closeSync(output);
  const ended = new Promise<string>((resolveEnded) => {
    child.once('error', (error) => resolveEnded(error.message));
    child.once('exit', (code, signal) => resolveEnded(signal ? `ended by ${signal}` : `ended with code ${code}`));
  });
  return {
    pid: child.pid,
    logFile,
    ended,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** @throws FleetError `environment` if the log cannot be written */
function openLog(file: string): number {
  try {
    makeFolder(dirname(file));
    return openSync(file, 'a');
  } catch (cause) {
    throw new FleetError('environment', `Cannot write the log of the worker process: ${messageOf(cause)}.`, {
      remedy: 'Make the data folder writable, or name another folder with --data-dir (FLEET_DIR).',
      cause,
    });
  }
}

/** Every setting that has a value, as an environment variable. This includes secrets, because a child process gets them only this way. */
export function asEnvironment(config: Config): Record<string, string> {
  return Object.fromEntries(
    settingList.flatMap(([name, { env, kind }]) => {
      const value = config[name];
      return value === undefined ? [] : [[env, asText(value, kind)]];
    }),
  );
}

function asText(value: unknown, kind: Setting['kind']): string {
  if (Array.isArray(value) && kind === 'list') return value.join(',');
  return kind === 'json' ? JSON.stringify(value) : String(value);
}
