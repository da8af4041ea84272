import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { emitTypes } from '../../cli/docs/reference/emit-types.ts';
import { root } from '../support/product.ts';
import { publicNames } from '../support/public-surface.ts';

/*
 * The names that can be imported from the package, with their signatures. A change of a stored file is a change for users: raise the
 * version as semantic versioning says, and add a line to CHANGELOG.md.
 */

const types = mkdtempSync(join(tmpdir(), 'fleet-types-'));
beforeAll(() => emitTypes(types), 60_000);
afterAll(() => rmSync(types, { recursive: true, force: true }));

const { name: packageName, exports }: { name: string; exports: Record<string, string> } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
);
const entries = Object.entries(exports).map(([entry, source]) => [join(packageName, entry), source] as const);

describe.each(entries)('P1: %s', (name, source) => {
  const module = source.replace(/\.ts$/, '.d.ts');

  test('exports the stored names and signatures', async () => {
    const surface = publicNames(join(types, module)).map(({ signature }) => `${signature}\n`);
    await expect(surface.join('\n')).toMatchFileSnapshot(`public-surface/${name.replace('/', '-')}.txt`);
  });

  test('explains every name', () => {
    const silent = publicNames(join(types, module)).filter(({ docstring }) => docstring === '');
    expect(silent.map((one) => one.name)).toEqual([]);
  });
});
