import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { browserPath, openPage, type Page } from '../support/browser.ts';
import { type FakeConductor, fakeExecution, fakeTask, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';

const VIEW = 'ui://conductor-fleet/execution.html';
const DIAGRAM = 'conductor://executions/exec-1/diagram';
const EVIL_REF = `<img src=x onerror="parent.postMessage('ran','*')">`;
const EVIL_REASON = `</script><script>parent.postMessage('ran','*')</script><svg onload="parent.postMessage('ran','*')">`;

const contents = z.object({
  contents: z.array(z.looseObject({ uri: z.string(), mimeType: z.string(), text: z.string() })),
});

let fake: FakeConductor;
let client: McpClient;

beforeAll(async () => {
  fake = await startFakeConductor();
  client = await connect('2026-07-28', stdioTarget({ CONDUCTOR_SERVER_URL: fake.url }));
  fake.routes = ({ path }) => (path === '/api/workflow/exec-1' ? { body: failed } : undefined);
});
afterAll(async () => {
  await client.close();
  await fake.close();
});

const definition = (refs: string[]) => ({
  name: 'evil',
  version: 1,
  tasks: refs.map((ref) => ({ name: ref, taskReferenceName: ref, type: 'INLINE', inputParameters: {} })),
});
const failed = fakeExecution({
  workflowName: EVIL_REF,
  status: 'FAILED',
  workflowDefinition: definition(['first', EVIL_REF]),
  tasks: [
    fakeTask({}),
    fakeTask({
      taskId: 'task-2',
      referenceTaskName: EVIL_REF,
      seq: 2,
      status: 'FAILED',
      reasonForIncompletion: EVIL_REASON,
    }),
  ],
});

test('the page contains all of its code and styles, and loads nothing', async () => {
  const {
    contents: [page],
  } = contents.parse(await client.reads.readResource({ uri: VIEW }));
  expect(page).toMatchObject({
    mimeType: 'text/html;profile=mcp-app',
    _meta: { ui: { csp: { connectDomains: [], resourceDomains: [] } } },
  });
  expect(page?.text).not.toMatch(/(src|href)="|url\(|@import|https?:|innerHTML|document\.write|eval\(/);
});

if (!browserPath)
  console.warn(
    'No browser was found, so the page of executions is not tested in one. Set CHROME_PATH to a Chrome or Chromium.',
  );

describe.skipIf(!browserPath)('in a browser', () => {
  let host: Server;
  let page: Page;

  beforeAll(async () => {
    const scene = JSON.stringify(await sceneOf());
    const html = readFileSync(new URL('../support/app-host.html', import.meta.url));
    host = createServer(({ url }, response) => {
      response
        .setHeader('Content-Type', url === '/scene' ? 'application/json' : 'text/html')
        .end(url === '/scene' ? scene : html);
    });
    await new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve));
    page = await openPage(browserPath ?? '', `http://127.0.0.1:${(host.address() as AddressInfo).port}/`);
  }, 60_000);
  afterAll(async () => {
    await page?.close();
    host?.close();
  });

  const inFrame = (expression: string) => page.evaluate(expression, 'frame');
  const eventually = (expression: string) => expect.poll(() => inFrame(expression), { timeout: 20_000 });

  test('the page shows the tasks with states and durations, the error, and the diagram', async () => {
    await eventually(`document.querySelectorAll('li').length`).toBe(2);
    expect(await inFrame(`document.getElementById('status').textContent`)).toBe('FAILED');
    expect(await inFrame(`document.querySelector('li').textContent`)).toMatch(/first INLINE.*COMPLETED.*100 ms/);
    await eventually(`document.querySelector('#picture img')?.naturalWidth > 0`).toBe(true);
  });

  test('the page shows markup from a workflow as text, and never runs it', async () => {
    expect(await inFrame(`document.querySelectorAll('li')[1].querySelector('span[title]').firstChild.data`)).toBe(
      EVIL_REF,
    );
    expect(await inFrame(`document.querySelector('.reason').textContent`)).toContain('</script><script>');
    expect(await inFrame(`document.querySelectorAll('li img, li script, li svg, header img, #error *').length`)).toBe(
      0,
    );
    expect(await page.evaluate(`window.heard.includes('ran')`)).toBe(false);
  });

  test('the page follows the theme of its host', async () => {
    const background = `getComputedStyle(document.body).backgroundColor`;
    const light = await inFrame(background);
    await page.evaluate(`window.tell('ui/notifications/host-context-changed', { theme: 'dark' })`);
    await eventually(background).not.toBe(light);
  });

  test('the refresh button calls the tool through the host', async () => {
    await inFrame(`document.getElementById('refresh').click()`);
    await eventually(`document.getElementById('status').textContent`).toBe('COMPLETED');
    expect(await page.evaluate(`window.heard.find((one) => one.method === 'tools/call').params`)).toEqual({
      name: 'get_execution_status',
      arguments: { executionId: 'exec-1', detail: 'tasks' },
    });
    expect(await page.evaluate(`window.heard.some((one) => one.method === 'ui/notifications/size-changed')`)).toBe(
      true,
    );
  });

  test('the markup of the test above does run if it is inserted as HTML, so that test can fail', async () => {
    await inFrame(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(EVIL_REF)})`);
    await expect.poll(() => page.evaluate(`window.heard.includes('ran')`), { timeout: 10_000 }).toBe(true);
  });
});

/** Gets the data that the host of the page receives, from our real server. */
async function sceneOf() {
  const resultOf = async () => {
    const { text, structured } = await client.call('get_execution_status', { executionId: 'exec-1', detail: 'tasks' });
    return { content: [{ type: 'text', text }], structuredContent: structured };
  };
  const [html, diagram] = await Promise.all([VIEW, DIAGRAM].map((uri) => client.reads.readResource({ uri })));
  const first = await resultOf();
  const later = { ...first, structuredContent: { ...first.structuredContent, status: 'COMPLETED', error: undefined } };
  return {
    html: contents.parse(html).contents[0]?.text,
    input: { executionId: 'exec-1' },
    first,
    later,
    resources: { [DIAGRAM]: diagram },
  };
}
