import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './product.ts';

/** What a reader does for one code block of a page. */
export type Step =
  | { readonly does: 'write'; readonly path: string; readonly text: string }
  | { readonly does: 'insert'; readonly path: string; readonly text: string }
  | { readonly does: 'replace'; readonly path: string; readonly text: string; readonly old: string }
  | { readonly does: 'run'; readonly commands: readonly string[] };

export interface PrintedSection {
  readonly title: string;
  readonly steps: readonly Step[];
}

/**
 * The code blocks of a page in their order, by the headings of level two. A block begins with the path of its file, or is
 * a block `sh` of commands. @throws if a block tells the reader to do something that this function does not know
 */
export function printedSections(page: string): PrintedSection[] {
  const text = readFileSync(join(root, page), 'utf8');
  return text.split(/^## /m).flatMap((section) => {
    const [title = ''] = section.split('\n');
    const steps = [...section.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, kind = '', code = '']) =>
      stepOf(kind, code),
    );
    return steps.length === 0 ? [] : [{ title, steps }];
  });
}

function stepOf(kind: string, code: string): Step {
  const [first = '', ...rest] = code.split('\n');
  const text = rest.join('\n');
  const [, whole] = /^\/\/ (\S+\.ts): the whole file$/.exec(first) ?? [];
  const [, end] = /^\/\/ In (\S+\.ts), before the last line$/.exec(first) ?? [];
  const [, changed] = /^ \/\/ (\S+\.ts)$/.exec(first) ?? [];
  if (kind === 'ts' && whole !== undefined) return { does: 'write', path: whole, text };
  if (kind === 'ts' && end !== undefined) return { does: 'insert', path: end, text };
  if (kind === 'diff' && changed !== undefined) {
    return { does: 'replace', path: changed, old: linesWith('-', rest), text: linesWith('+', rest) };
  }
  if (kind !== 'sh') throw new Error(`A reader of this block does not know what to do with it: ${first}`);
  return { does: 'run', commands: code.split('\n').map(withoutComment).filter(Boolean) };
}

const withoutComment = (line: string) => line.replace(/(^| )\s*# .*$/, '').trim();
const linesWith = (mark: string, lines: readonly string[]) =>
  lines.flatMap((line) => (line.startsWith(mark) ? [line.slice(1)] : [])).join('\n');

/** Changes a file of `folder` as the step says. @throws if a file to write exists, or lines to replace are not there exactly once */
export function edit(folder: string, step: Exclude<Step, { does: 'run' }>): void {
  const file = join(folder, step.path);
  const isNew = step.does === 'write';
  writeFileSync(file, isNew ? step.text : changed(readFileSync(file, 'utf8'), step), { flag: isNew ? 'wx' : 'w' });
}

function changed(before: string, step: Exclude<Step, { does: 'run' | 'write' }>): string {
  if (step.does === 'replace') {
    if (before.split(step.old).length !== 2) throw new Error(`${step.path} does not have "${step.old}" exactly once.`);
    return before.replace(step.old, () => step.text);
  }
  const lines = before.trimEnd().split('\n');
  const last = lines.pop();
  return `${lines.join('\n')}\n${step.text}${last}\n`;
}
