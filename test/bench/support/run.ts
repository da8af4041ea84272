import { Cleanups, onInterruption } from '../../../core/drain.ts';
import { messageOf } from '../../../core/errors.ts';
import { note } from './output.ts';

export interface Scene {
  /** Aborted by Ctrl-C and its like. */
  signal: AbortSignal;
  /** What must be ended and removed, whatever happens. */
  cleanups: Cleanups;
}

/** Runs a bench program: sets the exit code, and leaves nothing behind when it fails or is interrupted. Needs /proc. */
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
