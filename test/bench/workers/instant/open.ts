import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { nothing, type Progress } from './queue.ts';
import type { Go } from './server.ts';

/** The server that answers at once. It runs in its own process. */
export interface InstantServer {
  /** Address of the server's API, with `/api` at the end. */
  url: string;
  pid: number;
  /** The server's latest message. The server sends a message after every thousandth result and after the last one. */
  readonly progress: Progress;
  /** Queues `go.tasks` new tasks and drops the earlier tasks. */
  fill(go: Omit<Go, 'filling'>): void;
  /** Called with each message. */
  onProgress: (progress: Progress) => void;
  close(): void;
}

const program = fileURLToPath(new URL('./server.ts', import.meta.url));

export async function openInstantServer(): Promise<InstantServer> {
  const child = fork(program);
  const { port } = await new Promise<{ port: number }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { port: number }));
    child.once('exit', (code) => reject(new Error(`the instant server ended with ${code}`)));
  });
  const server: InstantServer = {
    url: `http://127.0.0.1:${port}/api`,
    pid: child.pid ?? 0,
    progress: { ...nothing },
    fill(go) {
      const filling = server.progress.filling + 1;
      Object.assign(server.progress, nothing, { filling });
      child.send({ ...go, filling });
    },
    onProgress: () => undefined,
    close: () => void child.kill(),
  };
  child.on('message', (message) => {
    const said = message as Progress;
    if (said.filling !== server.progress.filling) return;
    Object.assign(server.progress, said);
    server.onProgress(said);
  });
  return server;
}
