/**
 * Takes tasks as fast as the instant server hands them out. Each of its connections polls for 50 tasks, then sends 50 results in a
 * single write. Its rate is the limit of the server. If another driver is nearly as fast, the server slowed that driver down.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readAssignment } from './assignment.ts';

const { url, types } = readAssignment();
const { hostname, port, pathname } = new URL(url);
const BATCH = 50;
const CONNECTIONS_PER_TYPE = 2;

await Promise.all(types.flatMap(({ name }) => Array.from({ length: CONNECTIONS_PER_TYPE }, () => run(name))));

async function run(type: string): Promise<void> {
  const socket = connect(Number(port), hostname).setEncoding('latin1').setNoDelay();
  const answers = reader(socket);
  for (;;) {
    socket.write(
      `GET ${pathname}/tasks/poll/batch/${type}?count=${BATCH}&timeout=100 HTTP/1.1\r\nhost: ${hostname}\r\n\r\n`,
    );
    const ids = [...(await answers()).matchAll(/"taskId":"([^"]+)"/g)].map(([, id = '']) => id);
    socket.write(ids.map(resultRequest).join(''));
    for (const _ of ids) await answers();
  }
}

function resultRequest(taskId: string): string {
  const body = `{"workflowInstanceId":"w","taskId":"${taskId}","status":"COMPLETED","outputData":{"item":7}}`;
  return `POST ${pathname}/tasks HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
}

/** Returns a function that reads the body of the next answer. */
function reader(socket: Socket): () => Promise<string> {
  let buffer = '';
  socket.on('data', (chunk) => {
    buffer += chunk;
  });
  return async () => {
    for (;;) {
      const head = buffer.indexOf('\r\n\r\n') + 4;
      const length = Number(/content-length: (\d+)/i.exec(buffer.slice(0, head))?.[1]);
      if (head > 3 && buffer.length >= head + length) {
        const body = buffer.slice(head, head + length);
        buffer = buffer.slice(head + length);
        return body;
      }
      await once(socket, 'data');
    }
  };
}
