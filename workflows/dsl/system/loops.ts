import type { WorkflowTask } from '../../../core/conductor/types.ts';
import { plain } from './plain.ts';

/** What a loop knows of itself: the number of its last round, and what the tasks of each round answered, by round and reference. */
export type LoopOutput = { iteration: number } & { [round: `${number}`]: Record<string, unknown> | undefined };

/** The condition counts the rounds itself, so that no script can make a loop without end. */
export function countedLoop(ref: string, rounds: number, until: string, inputs: object): WorkflowTask {
  return {
    ...plain(ref, 'DO_WHILE'),
    inputParameters: { ...inputs },
    loopCondition: `if ($.${ref}['iteration'] < ${rounds} && !(${until})) { true; } else { false; }`,
  };
}

/** The server asks for a condition here too, and ends at the last item by itself. */
export function listLoop(ref: string, items: unknown): WorkflowTask {
  return { ...plain(ref, 'DO_WHILE'), items, loopCondition: 'true' };
}
