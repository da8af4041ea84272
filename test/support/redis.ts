import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort } from './free-port.ts';

const PLACES = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server'];

/** Path of the Redis server, if one is installed in a usual place. */
export const redisPath = PLACES.find((path) => existsSync(path)) ?? onPath();

function onPath(): string | undefined {
  return spawnSync('redis-server', ['--version']).status === 0 ? 'redis-server' : undefined;
}

/** A Redis server of one test, which keeps nothing on disk. */
export interface Redis {
  readonly url: string;
  /** Starts the server on its port, also after `stop`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function createRedis(): Promise<Redis> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  return {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const flags = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
      child = spawn(redisPath ?? 'redis-server', flags, { stdio: 'ignore' });
      while (!(await answers(port))) await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async stop() {
      const stopped = child && new Promise((resolve) => child?.once('exit', resolve));
      child?.kill('SIGKILL');
      await stopped;
      child = undefined;
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
