import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kebabCase } from '../../../core/content/discover.ts';

/**
 * Writes a folder for `fleet work --tasks-dir`: one worker per task type. The workers do nothing. `checkout` is the repository
 * whose `fleet` will read the folder.
 */
export function writeTaskFolder(folder: string, checkout: URL, types: readonly string[]): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}\n');
  const contract = new URL('core/contract.ts', checkout).href;
  const zod = import.meta.resolve('zod');
  for (const name of types) writeFileSync(join(folder, `${kebabCase(name)}.js`), workerSource(name, contract, zod));
}

function workerSource(name: string, contract: string, zod: string): string {
  return `import { z } from '${zod}';
import { defineTask } from '${contract}';

export default defineTask({
  name: '${name}',
  description: 'Does nothing, for a bench.',
  input: z.object({ item: z.int() }),
  output: z.object({ item: z.int() }),
}).worker(async ({ item }) => ({ item }));
`;
}
