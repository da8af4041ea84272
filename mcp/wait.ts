import type { Conductor } from '../core/conductor/api.ts';

/** Waits for the end of an execution, at most `seconds`. Returns in both cases. @throws what `signal` was aborted with */
export async function waitUntilEnded(
  conductor: Conductor,
  executionId: string,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
): Promise<void> {
  if (seconds === 0) return;
  const limit = AbortSignal.timeout(seconds * 1000);
  try {
    await conductor.waitForEnd(executionId, { signal: AbortSignal.any([signal, limit]) });
  } catch (error) {
    signal.throwIfAborted();
    if (!limit.aborted) throw error;
  }
}
