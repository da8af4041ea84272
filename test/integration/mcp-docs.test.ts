import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadPages } from '../../mcp/docs/pages.ts';
import searchDocs from '../../mcp/tools/search-docs.ts';
import { connect, eras, type McpClient } from '../support/mcp-clients.ts';
import { stdioTarget } from '../support/mcp-process.ts';
import { callTool } from '../support/tool-calls.ts';

/** Nothing listens here: the documents need no Conductor server. */
const NOWHERE = 'http://127.0.0.1:9/api';
const search = (args: Record<string, unknown>, changes = {}) => callTool(NOWHERE, searchDocs, args, changes);

type Row = { section: string; title: string; uri: string; text: string; isWhole: boolean };
const rowsOf = ({ structured }: { structured: Record<string, unknown> }) => structured.sections as Row[];

describe('P5, M9: search_docs', () => {
  test.each([
    ['loop over a list', /^reference-workflows#scopeforeach$/],
    ['run branches at the same time', /^reference-workflows#scopefork$/],
    ['conversation with a model', /^reference-workflows#scopellmchat$/],
    ['wait for a person to approve', /^reference-workflows#scopehuman$/],
    ['http request builder', /^reference-workflows#scopehttp$/],
    ['set a variable', /^reference-workflows#scopeset$/],
    ['forEach', /^reference-workflows#scopeforeach$/],
    ['run an effect once', /^reference-tasks#once/],
    ['run a workflow every day', /schedule|more-than-this/i],
    ['undo a payment when a later step fails', /saga|compensation|OrderProcessing/i],
    ['MAX_RESPONSE_SIZE_KB', /^configuration#/],
    ['join-never-ends', /^lint#join-never-ends/],
    ['dry run with mock answers', /^guide#3-dry-runs|mock/i],
    ['test a worker', /^guide#1-a-worker|testing/],
    ['workflow_get_all_workflows', /^coming-from-conductor-mcp#/],
  ])('"%s" finds a section that answers it among the first five', async (query, right) => {
    expect(rowsOf(await search({ query })).map(({ section }) => section)).toContainEqual(expect.stringMatching(right));
  });

  test('it shows a short section whole, and a part of a long one with the call that reads the whole', async () => {
    const answer = await search({ query: 'purchase request workflow definition', limit: 20 });
    const cut = rowsOf(answer).find(({ isWhole }) => !isWhole);
    const whole = rowsOf(answer).find(({ isWhole }) => isWhole);
    expect(whole?.text).toMatch(/^#/);
    expect(cut?.text.length).toBeLessThanOrEqual(3_000);
    const call = /search_docs (\{.*\})$/.exec(answer.text)?.[1] ?? '';
    const [row] = rowsOf(await search(JSON.parse(call)));
    expect(row).toMatchObject({ isWhole: true, text: expect.stringContaining('#') });
  });

  test('a section is read whole, and is cut only if the answer would be too large', async () => {
    const guide = loadPages().find(({ name }) => name === 'guide');
    const [longest] = [...(guide?.sections ?? [])].sort((a, b) => b.text.length - a.text.length);
    const section = `guide#${longest?.anchor}`;
    expect(rowsOf(await search({ section }))).toMatchObject([{ section, text: longest?.text, isWhole: true }]);
    const maxResponseBytes = 8 * 1024;
    const small = await search({ section }, { maxResponseBytes });
    expect(Buffer.byteLength(JSON.stringify(small))).toBeLessThan(maxResponseBytes);
    expect(small.text).toContain(`The rest: ${rowsOf(small)[0]?.uri}`);
  });

  test.each([8, 100])('with a limit of %i KB, twenty sections of any query fit', async (kilobytes) => {
    const maxResponseBytes = kilobytes * 1024;
    for (const query of ['workflow task worker execution', 'definition', '"\\n" ü 漢字 lint rule']) {
      const answer = await search({ query, limit: 20 }, { maxResponseBytes });
      expect(Buffer.byteLength(JSON.stringify(answer))).toBeLessThan(maxResponseBytes);
    }
  });

  test('without words, or if nothing matches, it lists the documents, and a document lists its sections', async () => {
    for (const args of [{}, { query: 'xyzzyplugh' }]) {
      const { text } = await search(args);
      for (const { name, title } of loadPages()) expect(text).toContain(`${name} | ${title}`);
    }
    expect((await search({ section: 'guide' })).text).toContain('guide#');
  });

  test.each([
    ['gide', /Similar ones are .*guide/],
    ['guide#a-wrkflow', /Similar ones are /],
    ['../package.json', /Similar ones are|See all/],
  ])('the unknown section %s is refused with what exists', async (section, remedy) => {
    await expect(search({ section })).rejects.toMatchObject({
      code: 'not-found',
      remedy: expect.stringMatching(remedy),
    });
  });
});

describe('the pages', () => {
  test('every document except the decisions is a page, and its sections together are the whole page', () => {
    const names = loadPages().map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['readme', 'guide', 'lint', 'tools', 'workflows-GetWeather']));
    expect(names.filter((name) => name.startsWith('adr'))).toEqual([]);
    for (const { sections, text } of loadPages()) {
      const words = (markdown: string) => markdown.split(/\s+/).filter(Boolean);
      expect(sections.flatMap((section) => words(section.text))).toEqual(words(text.slice(text.indexOf('# '))));
    }
  });

  test('no page has an anchor twice, and a line of a code block is no heading', () => {
    for (const { sections } of loadPages()) {
      const anchors = sections.map(({ anchor }) => anchor);
      expect(new Set(anchors).size).toBe(anchors.length);
      for (const { text } of sections) expect((text.match(/^```/gm) ?? []).length % 2).toBe(0);
    }
  });

  test('an anchor in a link between documents exists', () => {
    const anchorsOf = new Map(loadPages().map(({ name, sections }) => [name, sections.map(({ anchor }) => anchor)]));
    for (const { name, text } of loadPages()) {
      const folder = /^(?:reference|workflows)-/.exec(name)?.[0] ?? '';
      for (const [, file = '', anchor = ''] of text.matchAll(/\]\((?:docs\/)?([\w/-]*)(?:\.md)?#([^)]+)\)/g)) {
        expect(
          anchorsOf.get(file === '' ? name : folder + file.replaceAll('/', '-')),
          `${name}: ${file}#${anchor}`,
        ).toContain(anchor);
      }
    }
  });
});

describe.each(eras)('a %s client', (era) => {
  let client: McpClient;
  beforeAll(async () => {
    client = await connect(era, stdioTarget({ CONDUCTOR_SERVER_URL: NOWHERE, MCP_ROLE: 'viewer' }));
  });
  afterAll(() => client.close());

  const read = async (uri: string) =>
    z.object({ contents: z.array(z.looseObject({ text: z.string() })) }).parse(await client.reads.readResource({ uri }))
      .contents[0];

  test('reads the list, a document and a section that the search named', async () => {
    expect((await read('conductor://docs'))?.text).toContain('guide | ');
    expect(await read('conductor://docs/lint')).toMatchObject({
      mimeType: 'text/markdown',
      text: readFileSync('docs/lint.md', 'utf8'),
    });
    const { structured } = await client.call('search_docs', { query: 'dry runs' });
    const [{ uri, text } = { uri: '', text: '' }] = z
      .object({ sections: z.array(z.object({ uri: z.string(), text: z.string() })) })
      .parse(structured).sections;
    expect((await read(uri))?.text).toContain(text.slice(-100).trim());
    await expect(read('conductor://docs/..%2Fpackage.json')).rejects.toThrow();
  });
});
