import { isSynchronous, roleOf, taskType } from '../../core/conductor/task-types.ts';

/** Attempts that the server adds to a worker's or an AI task where nothing says how many. */
const DEFAULT_RETRIES = 3;

/**
 * True for a task that needs a mock, because its answer comes from outside the server or it has an effect there. The server executes
 * all other tasks in a dry run.
 */
export function isAnswered(type: string): boolean {
  return !isSynchronous(type) && type !== 'SUB_WORKFLOW';
}

/** True for a task that can have a mock: also one that the server executes, if it can fail or start something large. */
export function canBeMocked(type: string): boolean {
  return isAnswered(type) || roleOf(type) === 'computation' || type === 'SUB_WORKFLOW';
}

/** How often the server retries a task that has no task definition. */
export function retriesWithoutDefinition(type: string): number {
  return roleOf(type) === 'worker' || taskType(type)?.alwaysRetried ? DEFAULT_RETRIES : 0;
}

/** How often the server retries a task whose task definition says so often. */
export function retriesOf(type: string, retryCount: number | undefined): number | undefined {
  return taskType(type)?.alwaysRetried ? retryCount || DEFAULT_RETRIES : retryCount;
}

/** True for a task that completes in a dry run without a mock: time passes, or something is sent. */
export function completesUnmocked(type: string, inputParameters: Readonly<Record<string, unknown>> = {}): boolean {
  if (type === 'WAIT') return 'duration' in inputParameters || 'until' in inputParameters;
  return type === 'EVENT' || type === 'KAFKA_PUBLISH';
}
