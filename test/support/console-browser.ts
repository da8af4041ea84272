import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { browserPath } from './browser.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface Look {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A real browser on the console. It collects everything that the pages complain about. */
export class ConsoleBrowser {
  /** Errors of the pages: exceptions, refused scripts and styles, failed requests. */
  readonly complaints: string[] = [];
  readonly #browser: Browser;
  readonly #url: string;

  private constructor(browser: Browser, url: string) {
    this.#browser = browser;
    this.#url = url;
  }

  static async open(url: string): Promise<ConsoleBrowser> {
    const browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'] });
    return new ConsoleBrowser(browser, url);
  }

  /** A profile of its own, as of another person. */
  async profile({ scheme = 'light', width = 1280 }: Look = {}): Promise<BrowserContext> {
    const viewport = { width, height: 800 };
    const context = await this.#browser.newContext({ colorScheme: scheme, viewport, baseURL: this.#url });
    context.on('page', (page) => this.#listen(page));
    return context;
  }

  /** A page in a profile of its own. */
  async page(path: string, look?: Look): Promise<Page> {
    const page = await (await this.profile(look)).newPage();
    await page.goto(path);
    return page;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }

  #listen(page: Page): void {
    page.on('pageerror', (error) => this.complaints.push(`${page.url()}: ${error.message}`));
    page.on('dialog', (dialog) => this.complaints.push(`${page.url()}: a script opened "${dialog.message()}"`));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${page.url()}: ${message.text()}`);
    });
  }
}

/** What axe finds on the page, each with the first element that it concerns. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    interface Found {
      violations: { id: string; impact: string; nodes: { html: string }[] }[];
    }
    const { axe: loaded } = globalThis as unknown as { axe: { run(root: Document): Promise<Found> } };
    const { violations } = await loaded.run(document);
    return violations.map(
      ({ id, impact, nodes }) => `${id} (${impact}) × ${nodes.length}: ${nodes[0]?.html.slice(0, 160)}`,
    );
  });
}

/** Pixels by which the page is wider than the window. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}
