import { readFileSync, writeFileSync } from 'node:fs';
import { FleetError, messageOf } from '../../core/errors.ts';

/** Reads a file that the user named; `0` means stdin. @throws FleetError `input` with `remedy` if the file cannot be read */
export function readText(file: string | 0, remedy: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const name = file === 0 ? 'stdin' : `"${file}"`;
    throw new FleetError('input', `Cannot read ${name}: ${messageOf(cause)}.`, { remedy, cause });
  }
}

/** Writes the file that `--out` names. @throws FleetError `config` if the file cannot be written */
export function writeOut(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (cause) {
    const remedy = 'Give --out a file in a folder that you can write to.';
    throw new FleetError('config', `Cannot write "${file}": ${messageOf(cause)}.`, { remedy, cause });
  }
}
