import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { release } from '../../core/conductor/embedded/install/release.ts';

/** Files that may name other versions, and the reason. */
const MAY_DIFFER: Record<string, string> = {
  'BENCHMARKS.md': 'It names the version that the measurements were made with.',
  'package.json': 'It names the versions of packages.',
  'package-lock.json': 'It names the versions of packages.',
};

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .trim()
  .split('\n')
  .filter((file) => existsSync(file) && !(file in MAY_DIFFER));
/** Every version of the server that a file names, with its line. */
const mentions = tracked.flatMap((file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((text, index) =>
      [...text.matchAll(/(?<![\d.])3\.\d{2,}\.\d+(?![\d.])/g)].map(([version]) => ({ file, line: index + 1, version })),
    ),
);

describe('the version of the Conductor server', () => {
  test('every file names the version of the release that the product starts', () => {
    const different = mentions.filter(({ version }) => version !== release.version);
    expect(different.map(({ file, line, version }) => `${file}:${line} names ${version}`)).toEqual([]);
  });

  test('in code, only the release names it', () => {
    const files = mentions.map(({ file }) => file).filter((file) => /\.(ts|js|mjs)$/.test(file));
    expect(files).toEqual(['core/conductor/embedded/install/release.ts']);
  });

  test.each(['README.md', 'CHANGELOG.md'])('%s names it', (document) => {
    expect(mentions.map(({ file }) => file)).toContain(document);
  });

  test('every service of docker-compose.yml with a Conductor server uses the image of the release', () => {
    const images = [...readFileSync('docker-compose.yml', 'utf8').matchAll(/^ *image: (conductoross\/\S+)$/gm)];
    expect(images.length).toBeGreaterThan(0);
    expect(new Set(images.map(([, image]) => image))).toEqual(new Set([release.image]));
  });
});
