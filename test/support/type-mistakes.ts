import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

export interface TypeMistake {
  /** What stands behind the pin, e.g. `missing input: refund needs a receiptId`. */
  mistake: string;
  /** The codes of the compiler's complaints once the pin is gone. */
  codes: string[];
}

/**
 * Compiles fixtures of `test/types`: one whose mistakes are pinned by `@ts-expect-error`, as it is and without each of its pins, and one
 * in which nothing is wrong. One run of the compiler over all of them: most of its time goes into the libraries, which they share.
 */
export function compileMistakes(wrongName: string, rightName: string) {
  const folder = join(root, 'test/types');
  const scratch = mkdtempSync(join(folder, '.scratch-')); // below the fixtures' folder, so that their imports hold one step deeper
  try {
    const fixture = (name: string) => readFileSync(join(folder, name), 'utf8').replaceAll("'../../", "'../../../");
    const wrong = fixture(wrongName);
    const mistakes = [...wrong.matchAll(/@ts-expect-error (.*)/g)].map(([, mistake = '']) => mistake);
    const files = new Map([
      ['pinned', wrong],
      ['right', fixture(rightName)],
      ...mistakes.map((_, index): [string, string] => [`mistake-${index}`, withoutPin(wrong, index)]),
    ]);
    for (const [name, text] of files) writeFileSync(join(scratch, `${name}.ts`), text);
    const compilerOptions = { noEmit: true };
    const config = { extends: '../../../tsconfig.json', include: ['./*.ts'], compilerOptions };
    writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
    const complaints = [...compilerSays(scratch).matchAll(/([\w-]+)\.ts\(\d+,\d+\): error (TS\d+)/g)];
    const about = (name: string) => complaints.filter(([, file]) => file === name).map(([, , code = '']) => code);
    return {
      pinned: about('pinned'),
      right: about('right'),
      mistakes: mistakes.map((mistake, index): TypeMistake => ({ mistake, codes: about(`mistake-${index}`) })),
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function withoutPin(text: string, index: number): string {
  let seen = -1;
  return text.replace(/^ *\/\/ @ts-expect-error.*\n(.*)\n/gm, (pin, statement: string) => {
    seen++;
    return seen === index ? `${statement}\n` : pin;
  });
}

function compilerSays(project: string): string {
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  try {
    return execFileSync(process.execPath, [compiler, '-p', project, '--pretty', 'false'], { encoding: 'utf8' });
  } catch (error) {
    return String((error as { stdout?: unknown }).stdout);
  }
}
