import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cacheFolder } from '../../core/conductor/embedded/install/cache-folder.ts';
import { localRepository } from '../../core/conductor/embedded/install/fetch-with-maven.ts';
import { expectedChecksum } from '../../core/conductor/embedded/install/find-jar.ts';
import { release } from '../../core/conductor/embedded/install/release.ts';
import {
  parseRecord,
  readRecord,
  type ServerRecord,
  writeRecord,
} from '../../core/conductor/embedded/server-record.ts';
import { explanationIn, failureIn } from '../../core/conductor/embedded/wait-until-ready.ts';

const state: ServerRecord = {
  kind: 'jar',
  instance: '5dd1de21-6094-4764-b26d-cf0b38f0ad4b',
  pid: 4711,
  port: 8080,
  startedAt: '2026-11-21T03:58:42.210Z',
  owner: { pid: 4710, startedAt: '123456' },
  version: release.version,
};

describe('server.json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-state-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('readRecord returns the record that was written', () => {
    const file = join(folder, 'server.json');
    writeRecord(file, state);
    expect(readRecord(file)).toEqual(state);
  });

  it('readRecord returns `none` if there is no file, and `broken` if the file cannot be read', () => {
    expect(readRecord(join(folder, 'absent.json'))).toBe('none');
    writeFileSync(join(folder, 'half.json'), JSON.stringify(state).slice(0, 40));
    expect(readRecord(join(folder, 'half.json'))).toBe('broken');
    expect(readRecord(folder)).toBe('broken');
  });

  it.each([
    ['an empty file', ''],
    ['another shape', '[]'],
    ['a pid with which a signal would reach every process', JSON.stringify({ ...state, pid: -1 })],
    ['an invalid port', JSON.stringify({ ...state, port: 0 })],
  ])('parseRecord refuses %s', (_, text) => {
    expect(parseRecord(text)).toBeUndefined();
  });
});

describe('the log of a start', () => {
  const failed = (why: string) => `2 [main] INFO x\n***\nAPPLICATION FAILED TO START\n***\n\nDescription:\n\n${why}\n`;

  it('failureIn distinguishes a taken port, another failure, and a start that is not over', () => {
    expect(failureIn(failed('Web server failed to start. Port 8080 was already in use.'))).toBe('port-taken');
    expect(failureIn(failed('No database.'))).toBe('failed');
    expect(failureIn('2 [main] INFO x - Port 8080 was already in use')).toBeUndefined();
  });

  it('explanationIn returns the explanation of Spring, or else the last lines', () => {
    expect(explanationIn(failed('No database.'))).toBe('Description:\nNo database.');
    expect(explanationIn('a\n\nb\nc\n', 2)).toBe('b\nc');
  });
});

describe('the jar', () => {
  it('the jar must have the pinned checksum, or the configured one in upper or lower case', () => {
    expect(expectedChecksum({ conductorJarSha256: undefined })).toBe(release.sha256);
    expect(expectedChecksum({ conductorJarSha256: 'AB'.repeat(32) })).toBe('ab'.repeat(32));
  });

  it('the path of the local repository is read from the output of Maven', () => {
    expect(localRepository('[DEBUG] Using local repository at /home/me/my repo')).toBe('/home/me/my repo');
    expect(localRepository('[INFO] BUILD SUCCESS')).toBeUndefined();
  });
});

describe('the cache folder', () => {
  const none = { cacheDir: undefined };

  it('the cache folder is the configured folder, or else a folder in the cache folder of the system', () => {
    expect(cacheFolder({ cacheDir: '/c' }, {})).toBe('/c');
    expect(cacheFolder(none, { XDG_CACHE_HOME: '/x' }, 'linux')).toBe('/x/conductor-fleet');
    expect(cacheFolder(none, {}, 'linux')).toMatch(/\/\.cache\/conductor-fleet$/);
    expect(cacheFolder(none, {}, 'darwin')).toMatch(/\/Library\/Caches\/conductor-fleet$/);
  });
});
