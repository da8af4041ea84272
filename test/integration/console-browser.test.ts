import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath } from '../support/browser.ts';
import { axeFindings, ConsoleBrowser, overflowOf } from '../support/console-browser.ts';
import { queueRoutes, type ServedConsole, serveConsole } from '../support/console-scene.ts';
import { DefinitionStore } from '../support/definition-store.ts';
import { defTask, ExecutionStore, storedDef } from '../support/execution-store.ts';
import { type FakeConductor, type FakeRequest, startFakeConductor } from '../support/fake-conductor.ts';

const PATIENT = { timeout: 30_000 };
/** The addresses that axe checks. */
const PATHS = [
  ...['/', '/executions', '/executions/exec-9', '/executions/exec-9?view=data'],
  ...['/approvals', '/approvals?task=two-decide', '/definitions', '/definitions/pay'],
];
const EVIL = '<img src=x onerror=alert(1)>';

if (!browserPath)
  console.warn('No browser was found, so the console is not tested in one. Set CHROME_PATH to a Chrome or Chromium.');

describe.skipIf(!browserPath)('the console in a browser', () => {
  const executions = new ExecutionStore();
  const definitions = new DefinitionStore();
  const starts: unknown[] = [];
  let fake: FakeConductor;
  let site: ServedConsole;
  let browser: ConsoleBrowser;

  beforeAll(async () => {
    fake = await startFakeConductor();
    fake.routes = (request) => {
      if (request.path !== '/api/workflow/exec-9/retry')
        return (
          startRoutes(request) ?? queueRoutes(request) ?? definitions.routes(request) ?? executions.routes(request)
        );
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

  /** Starts executions, and finds them by their correlation id. */
  function startRoutes({ method, path, body }: FakeRequest) {
    if (path.includes('/correlated/')) return { body: starts.map(() => executions.execution('started')) };
    if (method !== 'POST' || path !== '/api/workflow') return undefined;
    starts.push(body);
    const { correlationId, input } = body as { correlationId: string; input: object }; // as our client sends it
    executions.add('started', [], { workflowName: 'pay', correlationId, input, status: 'COMPLETED' });
    return { body: 'started' };
  }

  function addApproval(id: string, what: string, startTime: number): void {
    const asks = { referenceTaskName: 'decide', taskType: 'HUMAN', status: 'IN_PROGRESS', outputData: {} };
    const def = storedDef('refund', [defTask('decide', 'HUMAN'), defTask('pay', 'SIMPLE')]);
    const changes = { workflowName: 'refund', workflowDefinition: def };
    executions.add(id, [{ ...asks, startTime, inputData: { what, by: EVIL } }], changes);
  }

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

  test('of two people who decide, one wins and gets the next approval; the other is told who decided', async () => {
    addApproval('one', 'Refund of order 1', 1000);
    addApproval('two', 'Goodwill', 2000);
    const pages = await Promise.all([browser.page('/approvals'), browser.page('/approvals')]);
    for (const [page, button] of [[pages[0], 'Approve…'] as const, [pages[1], 'Reject…'] as const]) {
      await page.getByRole('link', { name: /^Refund of order 1/ }).click(PATIENT);
      const shown = page.getByRole('region', { name: /^Refund of order 1/ });
      await shown.getByText('pay, the execution ends').waitFor(PATIENT);
      await shown.getByLabel('Reason').fill('checked');
      await shown.getByRole('button', { name: button }).click();
      await page.getByRole('dialog').getByText('A decision cannot be taken back.').waitFor(PATIENT);
    }
    const [one, two] = pages;
    await one.getByRole('dialog').getByRole('button', { name: 'Approve', exact: true }).click();
    await one.getByRole('button', { name: 'Yes, approve' }).click(PATIENT);
    await one.getByRole('heading', { name: /^Goodwill/ }).waitFor(PATIENT);
    await expect.poll(() => one.evaluate(() => document.activeElement?.id)).toBe('approval-title');
    await two.getByRole('dialog').getByRole('button', { name: 'Reject', exact: true }).click();
    await two
      .getByRole('dialog')
      .getByText(/was approved by .* with the reason/)
      .waitFor(PATIENT);
    await two.getByRole('button', { name: 'Not now' }).click();
    await two.getByText('This waits no longer.').waitFor(PATIENT);
    for (const page of pages) await page.context().close();
    expect(executions.execution('one').tasks[0]?.outputData).toMatchObject({ approved: true, reason: 'checked' });
  });

  test('a form says beside its fields what is wrong, and a double click starts one execution', async () => {
    const properties = { orderId: { type: 'string' }, amount: { type: 'number' } };
    const inputSchema = { data: { type: 'object', properties, required: ['orderId', 'amount'] } };
    const pay = storedDef('pay', [defTask('charge', 'SIMPLE')], { inputSchema, description: EVIL });
    definitions.workflows.set('pay 1', pay);
    const calls = defTask('sub', 'SUB_WORKFLOW', { subWorkflowParam: { name: 'pay', version: 1 } });
    definitions.workflows.set('shop 1', storedDef('shop', [calls]));
    const page = await browser.page('/definitions');
    await page.getByRole('link', { name: 'pay', exact: true }).click(PATIENT);
    const form = page.getByRole('region', { name: 'Start' });
    await form.getByLabel(/^amount/).fill('many', PATIENT);
    await form.getByRole('button', { name: 'Start…' }).click();
    await form.getByText('Write a number, such as 12.5.').waitFor(PATIENT);
    await form.getByText('This field is needed.').waitFor(PATIENT);
    await form.getByLabel(/^orderId/).fill('o-1');
    await form.getByLabel(/^amount/).fill('20');
    await form.getByRole('button', { name: 'Start…' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).dblclick();
    await page.waitForURL('**/executions/started', PATIENT);
    expect(starts).toMatchObject([{ name: 'pay', version: 1, input: { orderId: 'o-1', amount: 20 } }]);
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
        for (const path of PATHS) {
          await page.goto(path);
          await isLive(page);
          await expect
            .poll(() => page.getByText(/^(Reading|Checking|Comparing|Asking Conductor)…$/).count(), PATIENT)
            .toBe(0);
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
