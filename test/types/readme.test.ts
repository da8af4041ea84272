import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

test('the files that the README shows compile together', () => {
  const blocks = [
    ...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/```ts\n\/\/ (\S+\.ts):.*\n([\s\S]*?)```/g),
  ];
  expect(blocks).toHaveLength(3);
  const scratch = mkdtempSync(join(import.meta.dirname, '.scratch-readme-'));
  try {
    for (const [, path = '', code = ''] of blocks) {
      const file = join(scratch, path);
      mkdirSync(dirname(file), { recursive: true });
      // What the file imports from the repository is three folders further up from here.
      const moved = code.replace(/'(\.\.\/)+(core\/|dsl\/|define\.ts)/g, (_, __, rest: string) => {
        const folder = rest === 'dsl/' ? 'workflows/dsl/' : rest === 'define.ts' ? 'mcp/define.ts' : rest;
        return `'../../../../../${folder}`;
      });
      writeFileSync(file, moved);
    }
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({ extends: '../../../tsconfig.json', include: ['./**/*.ts'] }),
    );
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const complaints = () =>
      execFileSync(process.execPath, [tsc, '-p', scratch, '--pretty', 'false'], { encoding: 'utf8' });
    expect(complaints()).toBe('');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
