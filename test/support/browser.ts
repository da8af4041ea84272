import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { processEnvironment } from '../../core/config.ts';

const PLACES = [
  processEnvironment().CHROME_PATH ?? '',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of the browser: `CHROME_PATH`, or the Chrome or Chromium that is installed in a usual place. */
export const browserPath = PLACES.find((path) => path !== '' && existsSync(path));

const FLAGS = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--remote-debugging-port=0',
  // Keeps a sandboxed frame in the process of its page, so that one connection reaches both.
  '--disable-features=IsolateSandboxedIframes',
  '--window-size=900,700',
];

const message = z.looseObject({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.looseObject({}).optional(),
  result: z.looseObject({}).optional(),
  error: z.looseObject({ message: z.string() }).optional(),
});
const context = z.object({ context: z.object({ id: z.number(), auxData: z.object({ frameId: z.string() }) }) });

/** A page in a real browser. */
export interface Page {
  /** Evaluates an expression in the page, or in the frame inside the page. */
  evaluate(expression: string, where?: 'page' | 'frame'): Promise<unknown>;
  /** Returns a PNG image. */
  screenshot(): Promise<Buffer>;
  close(): Promise<void>;
}

/** Starts the browser at `path` with a new profile, and opens the address in it. */
export async function openPage(path: string, url: string): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), 'fleet-browser-'));
  const child = spawn(path, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const port = new URL(await debuggerUrl(child)).port;
  const targets = z
    .array(z.looseObject({ type: z.string(), webSocketDebuggerUrl: z.string() }))
    .parse(await (await fetch(`http://127.0.0.1:${port}/json`)).json());
  const { send, contexts, socket } = await connect(
    targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? '',
  );
  await send('Page.enable');
  await send('Runtime.enable');
  await send('Page.navigate', { url });
  const main = z
    .object({ frameTree: z.object({ frame: z.object({ id: z.string() }) }) })
    .parse(await send('Page.getFrameTree')).frameTree.frame.id;
  return {
    async evaluate(expression, where = 'page') {
      const [contextId] = [...contexts].reverse().find(([, frame]) => (frame === main) === (where === 'page')) ?? [];
      const { result } = await send('Runtime.evaluate', {
        expression,
        returnByValue: true,
        awaitPromise: true,
        ...(contextId !== undefined && { contextId }),
      });
      return z.looseObject({ value: z.unknown().optional() }).parse(result).value;
    },
    screenshot: async () => Buffer.from(z.string().parse((await send('Page.captureScreenshot')).data), 'base64'),
    async close() {
      socket.close();
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await gone;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function debuggerUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (chunk) => {
      said += chunk;
      const url = /DevTools listening on (\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`the browser ended: ${said}`)));
  });
}

async function connect(url: string) {
  const socket = new WebSocket(url);
  const waiting = new Map<number, (answer: z.output<typeof message>) => void>();
  /** The frame id of each script context. */
  const contexts = new Map<number, string>();
  let last = 0;
  socket.addEventListener('message', ({ data }) => {
    const heard = message.parse(JSON.parse(String(data)));
    if (heard.id !== undefined) waiting.get(heard.id)?.(heard);
    const made = heard.method === 'Runtime.executionContextCreated' ? context.safeParse(heard.params).data : undefined;
    if (made) contexts.set(made.context.id, made.context.auxData.frameId);
    if (heard.method === 'Runtime.executionContextDestroyed') contexts.delete(Number(heard.params?.executionContextId));
  });
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve, { once: true });
    socket.addEventListener('error', reject, { once: true });
  });
  const send = (method: string, params: object = {}): Promise<Record<string, unknown>> =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result = {}, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
      socket.send(JSON.stringify({ id, method, params }));
    });
  return { send, contexts, socket };
}
