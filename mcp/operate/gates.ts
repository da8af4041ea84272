import type { Conductor } from '../../core/conductor/api.ts';
import { latestAttempts } from '../../core/conductor/execution-facts.ts';
import { isContainer } from '../../core/conductor/task-types.ts';
import { type Execution, hasEnded, isOpenTask, type Task } from '../../core/conductor/types.ts';
import { isWaiting } from '../../core/conductor/waiting-tasks.ts';
import { orUndefined } from '../../core/errors.ts';
import { quoteIfUnusual } from '../shared/quote.ts';
import { callsToAnswer } from './open-work.ts';

/** A task that waits for a person or a signal. */
export interface Gate {
  readonly execution: Execution;
  readonly task: Task;
}

/** Sub-workflows are searched this deep. */
const DEEPEST = 3;

/**
 * The gates at which an execution stands, also in its sub-workflows. Empty if anything else is open: the execution then still continues by
 * itself.
 */
export async function gatesOf(
  conductor: Pick<Conductor, 'getExecution'>,
  execution: Execution,
  depth = 0,
): Promise<Gate[]> {
  if (hasEnded(execution.status)) return [];
  const open = latestAttempts(execution.tasks).filter((task) => isOpenTask(task) && !isContainer(task.taskType));
  const gates: Gate[] = [];
  for (const task of open) {
    if (isWaiting(task)) gates.push({ execution, task });
    else {
      const inner = depth < DEEPEST ? await gatesOfChild(conductor, task, depth) : [];
      if (inner.length === 0) return [];
      gates.push(...inner);
    }
  }
  return gates;
}

async function gatesOfChild(
  conductor: Pick<Conductor, 'getExecution'>,
  { taskType, subWorkflowId }: Task,
  depth: number,
): Promise<Gate[]> {
  if (taskType !== 'SUB_WORKFLOW' || !subWorkflowId) return [];
  const child = await orUndefined(conductor.getExecution(subWorkflowId));
  return child ? gatesOf(conductor, child, depth + 1) : [];
}

const SHOWN = 3;

/** Says for each gate who has to answer, and with which call. */
export function gateLines(gates: readonly Gate[]): string[] {
  const lines = gates.slice(0, SHOWN).map(({ execution, task }) => {
    const [call] = callsToAnswer(execution, task.referenceTaskName);
    const who = task.taskType === 'HUMAN' ? 'a person' : 'a signal';
    return `The execution waits for ${who} at ${quoteIfUnusual(task.referenceTaskName)}. To answer: ${call}`;
  });
  return gates.length > SHOWN ? [...lines, `It also waits at ${gates.length - SHOWN} other tasks.`] : lines;
}
