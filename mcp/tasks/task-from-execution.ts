import { inputRequired } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { countByStatus } from '../../core/conductor/execution-facts.ts';
import { type Execution, hasEnded, type Task } from '../../core/conductor/types.ts';
import { waitingAmong } from '../../core/conductor/waiting-tasks.ts';
import { aboutOf, executionLine } from '../operate/decision.ts';
import { quote, quoteIfUnusual } from '../shared/quote.ts';
import { countsLine } from '../shared/task-rows.ts';
import type { Seal } from '../signing/state-key.ts';
import type { DetailedTask } from './tasks-extension.ts';

/** Executions rarely change within a shorter time. */
const POLL_INTERVAL_MS = 1000;

/** What a person enters for a task that waits for a decision. */
export const decision = z.object({
  approved: z.boolean().describe('Whether you approve'),
  reason: z.string().min(1).max(1000).describe('Why'),
});

/** A task of the protocol is an execution that a tool started. Its id names the execution and the tool, so every process finds it. */
export interface TaskName {
  readonly executionId: string;
  readonly tool: string;
}

/** The id of a task. */
export function taskIdOf({ executionId, tool }: TaskName): string {
  return `${executionId}.${tool}`;
}

/** The execution and tool that a task id names; undefined if this server did not make the id. */
export function parseTaskId(taskId: string): TaskName | undefined {
  const [, executionId, tool] = /^([\w-]{1,100})\.([\w.-]{1,128})$/.exec(taskId) ?? [];
  return executionId !== undefined && tool !== undefined ? { executionId, tool } : undefined;
}

/**
 * The execution as a task. If the execution has ended, its result is not included.
 * @param keyOf names the questions to the client's person about what the execution waits for. Without it, the client is asked nothing.
 */
export function taskOf(taskId: string, execution: Execution, keyOf?: QuestionKey): DetailedTask {
  const base = baseOf(taskId, execution);
  if (execution.status === 'TERMINATED') return { ...base, status: 'cancelled', statusMessage: whyEnded(execution) };
  const open = openDecisions(execution);
  if (open.length === 0) return { ...base, status: 'working', statusMessage: progressOf(execution) };
  const statusMessage = `Waits for a person: ${open.map(({ referenceTaskName }) => quoteIfUnusual(referenceTaskName)).join(', ')}.`;
  if (!keyOf) return { ...base, status: 'working', statusMessage };
  const inputRequests = Object.fromEntries(open.map((task) => [keyOf(task, execution), questionOf(task, execution)]));
  return { ...base, status: 'input_required', statusMessage, inputRequests };
}

function baseOf(taskId: string, { startTime, endTime, tasks }: Execution) {
  const changes = tasks.flatMap((task) => [task.scheduledTime, task.startTime, task.endTime, task.updateTime]);
  return {
    taskId,
    createdAt: new Date(startTime).toISOString(),
    lastUpdatedAt: new Date(Math.max(startTime, endTime, ...changes)).toISOString(),
    // Null means no limit: Conductor keeps an execution until it is removed.
    ttlMs: null,
    pollIntervalMs: POLL_INTERVAL_MS,
  };
}

/** True if the task waits for a decision of a person. A WAIT task waits for a signal of a system, which a form cannot replace. */
function isForPerson({ taskType }: Task): boolean {
  return taskType === 'HUMAN';
}

/** The question that a person sees. */
export function questionText(task: Task, execution: Execution): string {
  const name = quoteIfUnusual(task.referenceTaskName);
  const { workflowName } = execution;
  return `${name} of ${quoteIfUnusual(workflowName)} waits for your decision. It asks about (quoted): ${aboutOf(task)}\n${executionLine(execution)}`;
}

function questionOf(task: Task, execution: Execution) {
  return inputRequired.elicit({ message: questionText(task, execution), requestedSchema: decision });
}

function progressOf({ status, tasks }: Execution): string {
  return `${status}; tasks: ${countsLine(countByStatus(tasks))}.`;
}

function whyEnded({ reasonForIncompletion }: Execution): string {
  return reasonForIncompletion ? `TERMINATED: ${quote(reasonForIncompletion)}.` : 'TERMINATED.';
}

/** The tasks that wait for a person's decision. */
export function openDecisions({ status, tasks }: Execution): Task[] {
  return hasEnded(status) ? [] : waitingAmong(tasks).filter(isForPerson);
}

/** Names the question about a task. The client sends the answer back under this key. */
export type QuestionKey = (task: Task, execution: Execution) => string;

/** Keys that only this caller can have got from this server, each for exactly one question. Changed data make another key. */
export function questionKeys(seal: Seal): QuestionKey {
  return (task, execution) => `${task.taskId}.${seal.of('question', task.taskId, questionText(task, execution))}`;
}
