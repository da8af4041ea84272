import { Cleanups } from '../../../core/cleanups.ts';
import { messageOf } from '../../../core/errors.ts';
import { onInterruption } from '../../../core/interruption.ts';
import { note } from './output.ts';

export interface Scene {
  /** Aborted by Ctrl-C and other signals that end the process. */
  signal: AbortSignal;
  /** The bench always runs these at the end, even after an error. */
  cleanups: Cleanups;
}

/** Runs a bench program and sets the exit code. Cleans up even after an error or an interruption. Needs /proc. */
export async function runBench(bench: (scene: Scene) => Promise<void>): Promise<void> {
  if (process.platform !== 'linux') {
    note('error: this bench reads processor time and memory from /proc, which only Linux has.');
    process.exitCode = 2;
    return;
  }
  const interruption = onInterruption();
  const cleanups = new Cleanups();
  try {
    await bench({ signal: interruption.signal, cleanups });
  } catch (error) {
    note(interruption.signal.aborted ? 'interrupted' : `error: ${messageOf(error)}`);
    process.exitCode = interruption.signal.aborted ? 130 : 1;
  } finally {
    for (const [what, error] of await cleanups.run()) note(`could not ${what}: ${messageOf(error)}`);
    interruption.dispose();
  }
}
