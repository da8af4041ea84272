import { isObject, jsonCopy } from '../../core/json.ts';
import type { Edit, Finding } from './rule.ts';

/** Applies the fixes of these findings to a copy of the definition. Returns the copy and the findings that were fixed. */
export function applyFixes(def: unknown, findings: readonly Finding[]): { def: unknown; fixed: Finding[] } {
  const copy = jsonCopy(def);
  const fixed: Finding[] = [];
  const touched = new Set<string>();
  for (const finding of findings) {
    const edits = finding.fix?.edits ?? [];
    // A second fix of the same place waits for the next run, because its rule has not seen the result of the first fix.
    if (edits.length === 0 || edits.some(({ pointer }) => touched.has(pointer))) continue;
    for (const edit of edits) {
      touched.add(edit.pointer);
      change(copy, edit);
    }
    fixed.push(finding);
  }
  return { def: copy, fixed };
}

function change(root: unknown, edit: Edit): void {
  const parts = edit.pointer.split('/').slice(1).map(unescaped);
  const key = parts.pop();
  const holder = parts.reduce(
    (value, name) => (isObject(value) || Array.isArray(value) ? Reflect.get(value, name) : undefined),
    root,
  );
  if (key === undefined || !(isObject(holder) || Array.isArray(holder))) return;
  if ('value' in edit) Reflect.set(holder, key, edit.value);
  else Reflect.deleteProperty(holder, key);
}

function unescaped(name: string): string {
  return name.replaceAll('~1', '/').replaceAll('~0', '~');
}
