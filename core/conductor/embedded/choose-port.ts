import { connect, createServer } from 'node:net';
import { FleetError } from '../../errors.ts';

/** The first port to try if no port is configured. */
export const FIRST_PORT = 8080;
const PORTS_TRIED = 200;

/**
 * Returns a free port of the loopback address: `wanted`, or the first free port from `from` on if `wanted` is undefined.
 * @throws FleetError `environment` if `wanted` is taken, or if no port is free
 */
export async function choosePort(wanted: number | undefined, from: number = FIRST_PORT): Promise<number> {
  if (wanted !== undefined) {
    if (await isFree(wanted)) return wanted;
    throw portTaken(wanted);
  }
  for (let port = from; port < Math.min(from + PORTS_TRIED, 65_536); port++) if (await isFree(port)) return port;
  throw new FleetError('environment', `No port from ${from} to ${from + PORTS_TRIED - 1} is free.`, {
    remedy: 'Name a free port with --server-port.',
  });
}

/** The error for a configured port that another program uses. */
export function portTaken(port: number): FleetError {
  return new FleetError('environment', `Port ${port} is taken: another program listens on it.`, {
    remedy: 'Name another port with --server-port (FLEET_SERVER_PORT), or leave it out to get the next free port.',
  });
}

/** Both checks are needed: on macOS two programs can listen on a port, one on 127.0.0.1 and one on all addresses. */
async function isFree(port: number): Promise<boolean> {
  return !(await isAnswered(port)) && (await canListen(port));
}

function isAnswered(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const answer = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.setTimeout(1000, () => answer(false));
  });
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
}
