import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { ensureServer, serverStatus } from '../../core/conductor/ensure-server.ts';
import { quiet, TestFolders } from '../support/embedded-folders.ts';
import { fakeServerScene } from '../support/fake-server-scene.ts';
import { mountMemory } from '../support/read-only-folder.ts';

const folders = new TestFolders();
afterAll(() => folders.clean());

test('N1: on a full disk, a start fails at once, says so, and leaves nothing running', async ({ skip }) => {
  const disk = mountMemory('size=1m');
  if (!disk) return skip('only a root user who may mount can make a full disk');
  const { config, starts } = await fakeServerScene(folders, 'full', 'answers', { dataDir: join(disk.path, 'data') });
  await expect(ensureServer(config, quiet)).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/^The disk is full: only \d MB are free in .*mounted-.* The server needs 20 MB/),
    remedy: expect.stringContaining('FLEET_DIR'),
  });
  expect(starts).toThrow('ENOENT');
  expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
  disk.remove();
});

test('N1: if the disk becomes full during the start, the start ends at once and leaves nothing running', async () => {
  const { config } = await fakeServerScene(folders, 'fills', 'disk-full');
  await expect(ensureServer(config, quiet)).rejects.toMatchObject({
    code: 'environment',
    message: expect.stringMatching(/^The disk of .* is full, so the Conductor server could not start\.$/),
  });
  expect(await serverStatus(config)).toMatchObject({ kind: 'none' });
});
