import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkflowDef } from '../../core/conductor/types.ts';
import { parseExactly } from '../../core/json.ts';

/**
 * Reads definitions as other tools and people write them: JSON in many styles, with odd names, unknown fields, and texts
 * that look like code. The server accepts all of them.
 * @param prefix makes their names unique, also where one calls another
 */
export function foreignDefinitions(prefix: string): WorkflowDef[] {
  const folder = join(import.meta.dirname, 'foreign-definitions');
  return readdirSync(folder).map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return parseExactly(text.replaceAll('"foreign_', `"${prefix}_`)) as WorkflowDef;
  });
}
