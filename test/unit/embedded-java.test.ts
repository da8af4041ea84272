import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findJava, majorVersion, preferredFirst } from '../../core/conductor/embedded/install/find-java.ts';

const { signal } = new AbortController();
const emptyFolder = mkdtempSync(join(tmpdir(), 'fleet-java-'));
afterAll(() => rmSync(emptyFolder, { recursive: true, force: true }));
const nowhere = { environment: { PATH: emptyFolder }, folders: [] };
const settings = { conductorJava: undefined, javaHome: undefined, cacheDir: emptyFolder };

describe('the version of Java', () => {
  it.each([
    ['openjdk version "25.0.3" 2026-04-21 LTS', 25],
    ['openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime Environment', 17],
    ['java version "1.8.0_392"', 8],
    ['openjdk version "26-ea" 2026-03-17', 26],
    ['Picked up JAVA_TOOL_OPTIONS: -Dx=1\nopenjdk version "21" 2023-09-19', 21],
  ])('the version is read from the output of java: %s', (printed, version) => {
    expect(majorVersion(printed)).toBe(version);
  });

  it('the version is unknown if the output has an unexpected form', () => {
    expect(majorVersion('command not found')).toBeUndefined();
  });
});

describe('the search for Java', () => {
  it('the search tries Temurin before other builds, and newer versions before older ones', () => {
    const names = [
      'java-17-openjdk-amd64',
      'temurin-21-jdk-amd64',
      'openjdk-23',
      'temurin-17-jdk-amd64',
      'temurin-25-jdk-amd64',
    ];
    expect(preferredFirst(names)).toEqual([
      'temurin-25-jdk-amd64',
      'temurin-21-jdk-amd64',
      'temurin-17-jdk-amd64',
      'openjdk-23',
      'java-17-openjdk-amd64',
    ]);
  });

  it('if no Java is found, the error lists the ways to get one', async () => {
    await expect(findJava(settings, signal, nowhere)).rejects.toMatchObject({
      code: 'environment',
      message: 'No Java 21 or newer was found.',
      remedy: expect.stringMatching(/CONDUCTOR_JAVA.*--install-java.*CONDUCTOR_SERVER_URL/s),
    });
  });

  it('if the configured program is not java, the search fails and tries no other program', async () => {
    const configured = { ...settings, conductorJava: join(emptyFolder, 'java') };
    await expect(findJava(configured, signal, nowhere)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('does not run as a java program'),
    });
  });
});
