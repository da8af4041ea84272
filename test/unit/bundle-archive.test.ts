import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { zipBundle } from '../../cli/bundle/zip-bundle.ts';
import { unzip } from '../support/unzip.ts';

const files = [
  { path: 'LICENSE', data: Buffer.from('text '.repeat(1000)) },
  { path: 'cli/fleet.js', data: Buffer.from('#!/usr/bin/env node\n'), isProgram: true },
  { path: 'päth/empty.txt', data: Buffer.alloc(0) },
];

afterEach(() => {
  vi.useRealTimers();
});

test('an archive unpacks to the same files in the same order, and only programs are executable', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-zip-'));
  try {
    expect(unzip(Buffer.from(zipBundle(files)), folder)).toEqual(files.map(({ path }) => path));
    for (const { path, data } of files) expect(readFileSync(join(folder, path))).toEqual(data);
    const modes = files.map(({ path }) => statSync(join(folder, path)).mode & 0o777);
    expect(modes).toEqual([0o644, 0o755, 0o644]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('the same files give the same archive at any time', () => {
  vi.useFakeTimers({ now: new Date('2026-01-01') });
  const first = zipBundle(files);
  vi.setSystemTime(new Date('2031-07-15'));
  expect(zipBundle(files)).toEqual(first);
});
