import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath } from '../support/browser.ts';
import { axeFindings, ConsoleBrowser, overflowOf } from '../support/console-browser.ts';
import { queueRoutes, type ServedConsole, serveConsole } from '../support/console-scene.ts';
import { ExecutionStore } from '../support/execution-store.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';

const PATIENT = { timeout: 30_000 };
const EVIL = '<img src=x onerror=alert(1)>';

if (!browserPath)
  console.warn('No browser was found, so the console is not tested in one. Set CHROME_PATH to a Chrome or Chromium.');

describe.skipIf(!browserPath)('the console in a browser', () => {
  const executions = new ExecutionStore();
  let fake: FakeConductor;
  let site: ServedConsole;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    fake = await startFakeConductor();
    fake.routes = (request) => {
      if (request.path !== '/api/workflow/exec-9/retry') return queueRoutes(request) ?? executions.routes(request);
      executions.change('exec-9', { status: 'RUNNING', lastRetriedTime: Date.now() });
      return { body: '' };
    };
    site = await serveConsole(fake.url);
    browser = await ConsoleBrowser.open(site.url);
  });
  afterAll(async () => {
    await browser?.close();
    await site?.close();
    await fake?.close();
  });

  const isLive = (page: Page) => page.getByRole('status').getByText('Live', { exact: true }).waitFor(PATIENT);

  test('a list that was empty shows its first execution, and follows it, without a reload', async () => {
    const page = await browser.page('/executions');
    await isLive(page);
    await page.getByText('Nothing has run yet.').waitFor(PATIENT);
    executions.add('exec-1', [], { workflowName: 'first_flow', correlationId: EVIL });
    const row = page.getByRole('row').filter({ hasText: 'first_flow' });
    await row.getByText('Running').waitFor(PATIENT);
    executions.change('exec-1', { status: 'COMPLETED' });
    await row.getByText('Completed').waitFor(PATIENT);
    await page.context().close();
  });

  test('the retry of a failed execution says what it will do, does it, and the page follows', async () => {
    const reason = `POST http://shop/shipments answered 503: ${EVIL}`;
    const ship = { referenceTaskName: 'ship', taskType: 'ship', status: 'FAILED', reasonForIncompletion: reason };
    executions.add('exec-9', [ship], { workflowName: 'order_flow', status: 'FAILED', reasonForIncompletion: reason });
    const page = await browser.page('/executions/exec-9');
    await page.getByRole('region', { name: /A service failed/ }).waitFor(PATIENT);
    await page.getByRole('button', { name: 'Retry…' }).last().click();
    await page.getByRole('dialog').getByText('Completed tasks are not run again.').waitFor(PATIENT);
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click();
    await page.getByRole('main').getByText('Running', { exact: true }).first().waitFor(PATIENT);
    executions.change('exec-9', { status: 'FAILED' });
    await page.context().close();
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

  test('axe finds nothing in both themes and at both sizes, nothing is too wide, and no text becomes markup', async () => {
    const findings: string[] = [];
    for (const scheme of ['light', 'dark'] as const) {
      for (const width of [1280, 360]) {
        const page = await browser.page('/', { scheme, width });
        for (const path of ['/', '/executions', '/executions/exec-9', '/executions/exec-9?view=data']) {
          await page.goto(path);
          await isLive(page);
          if (path.includes('exec-9')) await page.getByRole('complementary').waitFor(PATIENT);
          const over = await overflowOf(page);
          const found = [...(await axeFindings(page)), ...(over > 0 ? [`${over} pixels too wide`] : [])];
          findings.push(...found.map((one) => `${path} ${scheme} ${width}: ${one}`));
        }
        await page.context().close();
      }
    }
    expect(findings).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });
});
