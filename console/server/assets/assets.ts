import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Compressed, codingFor, compressedOnce } from '../answers.ts';
import { SAFE, SAFE_PAGE } from '../policy.ts';
import { consoleFolder, moduleSources } from './module-sources.ts';
import { staticImports, withServedImports } from './served-imports.ts';
import { vendorSources, vendorStyle } from './vendor.ts';

const JAVASCRIPT = 'text/javascript; charset=utf-8';
const ENTRY = 'main.js';
/** The worker runs with the policy of its own answer. */
const WORKER = 'parts/live/shared-worker.js';
/** Every asset has the version in its address, so browsers keep it without asking again. */
const FOREVER = 'public, max-age=31536000, immutable';

/** Modules, styles and pictures, as browsers get them. They are the same for everyone and hold no data. */
export interface Assets {
  /** Answers a request for an asset. Undefined if there is none at the path. */
  answer(request: Request, path: string): Response | undefined;
  readonly addresses: {
    readonly entry: string;
    readonly style: string;
    readonly icon: string;
    /** Modules that a page needs before it can be drawn. */
    readonly preload: readonly string[];
  };
}

interface Asset extends Compressed {
  readonly type: string;
}

/** Reads and compresses all assets, which takes some tenths of a second. */
export async function loadAssets(): Promise<Assets> {
  const [own, vendor, style, icon] = await Promise.all([
    moduleSources(),
    vendorSources(),
    styleSheet(),
    readFile(join(consoleFolder, 'style/icon.svg'), 'utf8'),
  ]);
  const sources = [...own, ...vendor, { path: ENTRY, code: entryCode(own.map(({ path }) => path)) }];
  const modules = new Map(sources.map(({ path, code }) => [path, withServedImports(path, code)]));
  const texts = [...modules].map(([path, text]) => ({ path, type: JAVASCRIPT, text }));
  texts.push({ path: 'style.css', type: 'text/css; charset=utf-8', text: style });
  texts.push({ path: 'icon.svg', type: 'image/svg+xml', text: icon });
  const entries = texts.map(async ({ path, type, text }) => [path, { type, ...(await compressedOnce(text)) }] as const);
  const assets = new Map<string, Asset>(await Promise.all(entries));
  const base = `/console/${versionOf(texts)}/`;
  return {
    answer(request, path) {
      const name = path.startsWith(base) ? path.slice(base.length) : undefined;
      const asset = name === undefined ? undefined : assets.get(name);
      return asset && answerWith(request, asset, name === WORKER ? SAFE_PAGE : SAFE);
    },
    addresses: {
      entry: base + ENTRY,
      style: `${base}style.css`,
      icon: `${base}icon.svg`,
      preload: staticImports(ENTRY, modules).map((path) => base + path),
    },
  };
}

/** A page is a folder in `pages/` with a `page.ts`. The entry imports each of them, so that a page need not be listed anywhere. */
function entryCode(paths: readonly string[]): string {
  const pages = paths.filter((path) => /^pages\/[^/]+\/page\.js$/.test(path));
  const imports = pages.map((path, index) => `import page${index} from './${path}';`);
  const list = pages.map((_, index) => `page${index}`).join(', ');
  return `${imports.join('\n')}\nimport { start } from './parts/frame/app.js';\nstart([${list}]);\n`;
}

async function styleSheet(): Promise<string> {
  const files = globSync(['style/*.css', 'parts/**/*.css', 'pages/**/*.css'], { cwd: consoleFolder }).sort(byFolder);
  const texts = await Promise.all(files.map((file) => readFile(join(consoleFolder, file), 'utf8')));
  return [await vendorStyle(), ...texts].join('\n').replace(/^\s+/gm, '');
}

/** `style/` comes first, because pages refine it. */
function byFolder(a: string, b: string): number {
  return Number(b.startsWith('style')) - Number(a.startsWith('style')) || (a < b ? -1 : 1);
}

function versionOf(texts: readonly { path: string; text: string }[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url').slice(0, 12);
}

function answerWith(request: Request, asset: Asset, headers: Readonly<Record<string, string>>): Response {
  const coding = codingFor(request);
  const bytes = asset[coding ?? 'plain'];
  return new Response(request.method === 'HEAD' ? null : bytes, {
    headers: {
      ...headers,
      'Content-Type': asset.type,
      'Cache-Control': FOREVER,
      Vary: 'Accept-Encoding',
      ...(coding && { 'Content-Encoding': coding }),
      'Content-Length': String(bytes.length),
    },
  });
}
