import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listTemplates, templateFiles } from '../../workflows/templates/registry/registry.ts';

const root = join(import.meta.dirname, '../..');

test('the files of every template, under another name, compile together and are formatted', async () => {
  const scratch = mkdtempSync(join(import.meta.dirname, '.scratch-templates-'));
  const run = (program: string, ...args: string[]) =>
    execFileSync(process.execPath, [join(root, 'node_modules', program), ...args], { cwd: root, encoding: 'utf8' });
  try {
    for (const { name } of await listTemplates()) {
      for (const file of await templateFiles(name, `Another_${name}`)) {
        mkdirSync(join(scratch, file.folder), { recursive: true });
        const text = file.text((module) => `../../../../${module}.ts`);
        writeFileSync(join(scratch, file.folder, file.name), text);
      }
    }
    const config = { extends: '../../../tsconfig.json', include: ['./**/*.ts'] };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
    expect(run('typescript/bin/tsc', '-p', scratch, '--pretty', 'false')).toBe('');
    const folders = ['definitions', 'schedules', 'event-handlers'].map((folder) => join(scratch, folder));
    const checked = run('@biomejs/biome/bin/biome', 'check', '--error-on-warnings', ...folders);
    expect(checked).toContain('No fixes applied');
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
