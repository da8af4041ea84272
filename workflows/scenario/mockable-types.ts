import { isSynchronous, roleOf } from '../../core/conductor/task-types.ts';

/**
 * True for a task type that needs a mock, because it is answered from outside the server or has an effect there. In a dry run, the server
 * executes all other types.
 */
export function isAnswered(type: string): boolean {
  return !isSynchronous(type) && type !== 'SUB_WORKFLOW';
}

/**
 * True for a task type that can have a mock. This includes types that the server itself can execute: computations, because they can fail,
 * and SUB_WORKFLOW.
 */
export function canBeMocked(type: string): boolean {
  return isAnswered(type) || roleOf(type) === 'computation' || type === 'SUB_WORKFLOW';
}

/** True for a task that completes in a dry run without a mock, because it only waits for a time or sends a message. */
export function completesUnmocked(type: string, inputParameters: Readonly<Record<string, unknown>> = {}): boolean {
  if (type === 'WAIT') return 'duration' in inputParameters || 'until' in inputParameters;
  return type === 'EVENT' || type === 'KAFKA_PUBLISH';
}
