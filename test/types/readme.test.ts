import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeFilesOf } from '../support/written-files.ts';

const root = join(import.meta.dirname, '../..');

test.each([
  ['README.md', 3],
  ['docs/guide.md', 4],
  ['plugin/skills/writing-workflows/SKILL.md', 3],
])('the files that %s shows compile together', (page, number) => {
  const { folder, paths, remove } = writeFilesOf(page, import.meta.dirname);
  try {
    expect(paths).toHaveLength(number);
    const config = { extends: '../../../tsconfig.json', include: ['./**/*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const complaints = () =>
      execFileSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' });
    expect(complaints()).toBe('');
  } finally {
    remove();
  }
});
