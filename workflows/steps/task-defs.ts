import type { TaskDef } from '../../core/conductor/types.ts';

/** More tries after 2, 4, 8… seconds. */
const BACKOFF = { retryLogic: 'EXPONENTIAL_BACKOFF', retryDelaySeconds: 2, timeoutPolicy: 'RETRY' } as const;

/**
 * Retries and time limit of a call that the server makes itself. The name says all of it, so that one definition serves every
 * workflow that wants the same, and none can change under another. Without `timeoutSeconds` and RETRY a crash of the server would strand such a call
 * for an hour.
 */
export function callPolicy(kind: 'http' | 'mcp' | 'llm', timeoutSeconds: number, retryCount: number): TaskDef {
  return {
    name: `${kind}_${timeoutSeconds}s_${retryCount}_retries`,
    description: `Calls by the server: ${timeoutSeconds} s for an attempt, ${retryCount} retries.`,
    retryCount,
    ...BACKOFF,
    timeoutSeconds,
    responseTimeoutSeconds: timeoutSeconds,
  };
}

/** For a worker's task that has no definition yet: 3 retries, and a lease of a minute. */
export function workerTaskDef(name: string): TaskDef {
  return { name, retryCount: 3, ...BACKOFF, timeoutSeconds: 0, responseTimeoutSeconds: 60 };
}
