import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { cacheFolder } from '../../../core/conductor/embedded/install/cache-folder.ts';
import { processEnvironment } from '../../../core/config.ts';
import type { ChildSpec } from '../support/children.ts';
import { pythonWithSdk } from '../support/python.ts';
import { writeTaskFolder } from '../support/task-folder.ts';
import type { Assignment } from './drivers/assignment.ts';

/** A program that polls for tasks, executes them and reports the results. Every driver gets the same assignment and its own folder. */
export interface Driver {
  name: string;
  launch(assignment: Assignment, folder: string): Launch;
}

export type Launch = Omit<ChildSpec, 'logFile'>;

const here = new URL('./drivers/', import.meta.url);
const thisCheckout = new URL('../../../', import.meta.url);

/**
 * Compile cache for every Node program. Without it, each start would turn TypeScript into JavaScript, which needs more memory than
 * the driver itself. The first start of each program fills the cache, so benches must not measure it.
 */
const compileCache = { NODE_COMPILE_CACHE: join(cacheFolder({ cacheDir: undefined }), 'bench-compile-cache') };

/** With this many connections, the JavaScript SDK's long polls do not delay its results. */
const ENOUGH_CONNECTIONS = 64;

/** All drivers, the lower bounds first. `also` is another checkout of this repository that the bench measures too. */
export async function findDrivers(also?: string): Promise<Driver[]> {
  const python = await pythonWithSdk();
  return [
    { name: 'raw-fetch', launch: nodeProgram('raw-fetch.ts') },
    { name: 'raw-undici', launch: nodeProgram('raw-undici.ts') },
    { name: 'raw-undici-v2', launch: nodeProgram('raw-undici.ts', ['chained']) },
    fleet,
    ...(also === undefined ? [] : [{ name: 'fleet-also', launch: fleetOf(pathToFileURL(`${resolve(also)}/`)) }]),
    { name: 'js-sdk', launch: nodeProgram('js-sdk.ts', [], ENOUGH_CONNECTIONS) },
    ...(python === undefined ? [] : [{ name: 'python-sdk', launch: pythonProgram(python) }]),
  ];
}

/** The JavaScript SDK with its default number of connections. */
export const jsSdkAsItComes: Driver = { name: 'js-sdk-default', launch: nodeProgram('js-sdk.ts') };

/** The worker process of this checkout. */
export const fleet: Driver = { name: 'fleet', launch: fleetOf(thisCheckout) };

/** Not a real worker. It shows the highest rate that the instant server can reach. */
export const pipelined: Driver = { name: 'pipelined', launch: nodeProgram('pipelined.ts') };

/** Launches `fleet work` of a checkout with its default settings and the WORKER_ variables of the environment. */
function fleetOf(checkout: URL): Driver['launch'] {
  return ({ url, types }, folder) => {
    const tasks = join(folder, 'tasks');
    writeTaskFolder(
      tasks,
      checkout,
      types.map(({ name }) => name),
    );
    const limits = Object.fromEntries(types.map(({ name, concurrency }) => [name, { concurrency }]));
    const total = types.reduce((sum, { concurrency }) => sum + concurrency, 0);
    return {
      command: process.execPath,
      args: [fileURLToPath(new URL('cli/fleet.js', checkout)), 'work', '--tasks-dir', tasks, '--data-dir', folder],
      channel: true,
      env: {
        WORKER_CONCURRENCY: String(total),
        WORKER_TYPES: JSON.stringify(limits),
        ...processEnvironment(),
        ...compileCache,
        CONDUCTOR_SERVER_URL: url,
        LOG_LEVEL: 'error',
        LOG_FORMAT: 'json',
      },
    };
  };
}

function nodeProgram(file: string, more: readonly string[] = [], connections?: number): Driver['launch'] {
  return (assignment) => ({
    command: process.execPath,
    args: [
      fileURLToPath(new URL(file, here)),
      JSON.stringify({ ...assignment, ...(connections !== undefined && { connections }) }),
      ...more,
    ],
    channel: true,
    env: withoutConductor(),
  });
}

function pythonProgram(python: string): Driver['launch'] {
  return (assignment) => ({
    command: python,
    args: [fileURLToPath(new URL('python_sdk.py', here)), JSON.stringify(assignment)],
    channel: false,
    env: withoutConductor(),
  });
}

/** Returns the environment without Conductor's variables, because the SDKs prefer these variables to their arguments. */
function withoutConductor(): NodeJS.ProcessEnv {
  const others = Object.entries(processEnvironment()).filter(([name]) => !name.startsWith('CONDUCTOR_'));
  return { ...Object.fromEntries(others), ...compileCache };
}
