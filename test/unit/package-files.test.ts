import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PACKAGE_FILES } from '../../cli/bundle/make-package.ts';

test('the Docker build gets every file that the package copies', () => {
  const ignored = readFileSync(new URL('../../.dockerignore', import.meta.url), 'utf8').split('\n');
  for (const file of PACKAGE_FILES) expect(ignored).toContain(`!${file.split('/')[0]}`);
});
