import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Conductor } from '../../core/conductor/api.ts';
import { browserPath } from '../support/browser.ts';
import { axeFindings, ConsoleBrowser, overflowOf } from '../support/console-browser.ts';
import { exclusively, SHIPPED_WORKERS } from '../support/exclusive.ts';
import { freePort } from '../support/free-port.ts';
import {
  orderFault,
  type Running,
  realConductor,
  startFleetCommand,
  startShipped,
  unique,
} from '../support/product.ts';

const PATIENT = { timeout: 60_000 };
const EVIL = '<img src=x onerror=alert(1)>';

if (!browserPath)
  console.warn('No browser was found, so the console is not tested in one. Set CHROME_PATH to a Chrome or Chromium.');

describe.skipIf(!browserPath)('the console in a browser', () => {
  let done: () => void;
  let conductor: Conductor;
  let worker: Running;
  let site: Running;
  let port: number;
  let browser: ConsoleBrowser;

  const startConsole = async () => {
    site = startFleetCommand(['console', '--port', String(port)]);
    await site.says(/address of the console/);
  };

  beforeAll(async () => {
    done = await exclusively(SHIPPED_WORKERS);
    conductor = realConductor();
    port = await freePort();
    [worker] = await Promise.all([
      startShipped([
        'reserve_inventory',
        'charge_payment',
        'ship_order',
        'refund_payment',
        'release_inventory',
        'analyze_file',
      ]),
      startConsole(),
    ]);
    browser = await ConsoleBrowser.open(`http://127.0.0.1:${port}`);
  });
  afterAll(async () => {
    await browser?.close();
    for (const running of [site, worker]) running?.child.kill('SIGINT');
    await Promise.all([site?.ended, worker?.ended]);
    conductor?.close();
    done?.();
  });

  const order = (orderId: string) =>
    conductor.startWorkflow({
      ...{ name: 'OrderProcessing', correlationId: orderId },
      input: { orderId, sku: 'boots', quantity: 1, amount: 20 },
    });

  /** An order whose shipping fails in all its attempts, and in no later ones. */
  async function failedOrder(): Promise<{ orderId: string; id: string }> {
    const orderId = unique('order');
    await orderFault({ path: '/shipments', orderId, status: 503, times: 3 });
    const id = await order(orderId);
    expect((await conductor.waitForEnd(id)).status).toBe('FAILED');
    return { orderId, id };
  }

  const isLive = (page: Page) => page.getByRole('status').getByText('Live', { exact: true }).waitFor(PATIENT);

  test('shows an execution as it starts and ends, without a reload', async () => {
    const page = await browser.page('/executions');
    await isLive(page);
    const orderId = unique('order');
    await order(orderId);
    const row = page.getByRole('row').filter({ hasText: orderId });
    await row.getByText(/Running|Completed/).waitFor(PATIENT);
    await row.getByText('Completed').waitFor(PATIENT);
    await page.context().close();
  });

  test('leads from the keyboard to a failed order, its cause, and the button that repairs it', async () => {
    const { orderId, id } = await failedOrder();
    const page = await browser.page('/');
    await page.getByRole('heading', { name: /What needs a person/ }).waitFor(PATIENT);
    await page.keyboard.press('Control+k');
    await page.keyboard.type(orderId);
    await page.getByRole('option').filter({ hasText: orderId }).first().waitFor(PATIENT);
    const failed = page.getByRole('option').filter({ hasText: 'OrderProcessing' }).filter({ hasText: 'Failed' });
    await failed.click();
    await page.waitForURL(`**/executions/${id}`);
    const why = page.getByRole('region', { name: /A service failed/ });
    await why.getByText(/failed with HTTP 503/).waitFor(PATIENT);
    await page.getByRole('complementary', { name: 'Task ship' }).getByText('answered 503').first().waitFor(PATIENT);
    await why.getByRole('button', { name: 'Run again…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('A new execution starts with the same definition and input.').waitFor();
    await dialog.getByRole('button', { name: 'Run again' }).click();
    await page.waitForURL((url) => url.pathname.startsWith('/executions/') && !url.pathname.endsWith(id), PATIENT);
    await page.getByRole('main').getByText('Completed', { exact: true }).first().waitFor(PATIENT);
    await page.context().close();
  });

  test('terminates several chosen executions by keys, after it has said what follows', async () => {
    const name = unique('waits');
    await conductor.putWorkflowDef(waiting(name));
    const ids = await Promise.all([1, 2].map(() => conductor.startWorkflow({ name, input: {} })));
    const page = await browser.page(`/executions?q=${name}`);
    await page.getByText('2 executions').waitFor(PATIENT);
    for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
    await page.getByRole('button', { name: 'Terminate 2…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('This cannot be taken back.').waitFor();
    await dialog.getByLabel(/Reason/).fill('no longer needed');
    await dialog.getByRole('button', { name: 'Terminate' }).click();
    await expect.poll(() => page.getByRole('row').filter({ hasText: 'Terminated' }).count(), PATIENT).toBe(2);
    expect((await conductor.getExecution(ids[0] ?? '')).reasonForIncompletion).toContain('no longer needed');
    await page.context().close();
  });

  test('the page of a viewer has no action', async () => {
    const { id } = await failedOrder();
    const own = await freePort();
    const viewer = startFleetCommand(['console', '--port', String(own), '--role', 'viewer']);
    await viewer.says(/address of the console/);
    const page = await browser.page(`http://127.0.0.1:${own}/executions/${id}`);
    await page.getByText(/failed with HTTP 503/).waitFor(PATIENT);
    expect(await page.getByRole('button', { name: /Retry|Rerun|Run again|Terminate/ }).count()).toBe(0);
    await page.context().close();
    viewer.child.kill('SIGINT');
    expect((await viewer.ended).code).toBe(0);
  });

  test('eight tabs of one browser are live', async () => {
    const profile = await browser.profile();
    for (let tab = 0; tab < 8; tab += 1) {
      const page = await profile.newPage();
      await page.goto('/executions');
      await isLive(page);
    }
    await profile.close();
  });

  test('axe finds nothing on any page, in both themes and at both sizes; nothing is wider than a phone', async () => {
    const { id } = await failedOrder();
    const name = unique('evil');
    await conductor.putWorkflowDef(waiting(name));
    const open = await conductor.startWorkflow({ name, input: { text: EVIL }, correlationId: EVIL });
    const findings: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const page = await browser.page('/', { scheme, width });
        for (const path of [
          '/',
          '/executions',
          `/executions?q=${name}`,
          `/executions/${id}`,
          `/executions/${open}?view=data`,
        ]) {
          await page.goto(path);
          await isLive(page);
          await page.getByRole('heading', { level: 1 }).waitFor({ ...PATIENT, state: 'attached' });
          if (path.startsWith('/executions/')) await page.getByRole('complementary').waitFor(PATIENT);
          const found = await axeFindings(page);
          const over = await overflowOf(page);
          const at = `${path} ${scheme} ${width}`;
          findings.push(
            ...found.map((one) => `${at}: ${one}`),
            ...(over > 0 ? [`${at}: ${over} pixels too wide`] : []),
          );
        }
        await page.context().close();
      }
    }
    expect(findings).toEqual([]);
  });

  test('the pages complained about nothing: no script was refused, and no text became markup', () => {
    expect(browser.complaints).toEqual([]);
  });

  test('after the fleet was killed, the page says so and continues by itself', async () => {
    const page = await browser.page('/executions');
    await isLive(page);
    site.child.kill('SIGKILL');
    await site.ended;
    await page.getByRole('alert').getByText('The fleet does not answer.').waitFor(PATIENT);
    await startConsole();
    await isLive(page);
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.context().close();
  });
});

/** A workflow that waits for a person. */
function waiting(name: string) {
  return {
    ...{ name, version: 1, schemaVersion: 2 as const, ownerEmail: 'fleet@example.com', timeoutSeconds: 0 },
    inputParameters: ['text'],
    tasks: [
      { name: 'ask', taskReferenceName: 'ask', type: 'HUMAN', inputParameters: { text: '${workflow.input.text}' } },
    ],
  };
}
